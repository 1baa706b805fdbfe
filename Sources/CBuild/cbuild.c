#include "cbuild.h"

/* Package.swift defines FLUXO_REVISION for this file alone: a new revision compiles this file, BuildInfo and the programs' own modules. */
#ifndef FLUXO_REVISION
#define FLUXO_REVISION ""
#endif

const char *cbuild_revision(void) {
    return FLUXO_REVISION;
}

const char *cbuild_date(void) {
    return __DATE__;
}
