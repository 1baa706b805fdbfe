#ifndef CBUILD_H
#define CBUILD_H

/* The revision of the sources, or an empty text if the build did not name it. Static memory. */
const char *cbuild_revision(void);

/* The day on which this revision was first compiled in this folder, as `__DATE__` writes it (C17 6.10.8.1): "Nov 30 2026". Static memory. */
const char *cbuild_date(void);

#endif
