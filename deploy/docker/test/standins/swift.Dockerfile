# Stands in for swift:6.3.1-bookworm: what the toolchain needs of Debian; the toolchain itself is bound in by the build.
ARG DEBIAN
FROM ${DEBIAN}
ARG TOOLCHAIN
# What git takes instead of the network, as folder=address.
ARG REWRITES=
RUN apt-get update \
    && apt-get install -y --no-install-recommends binutils ca-certificates git libc6-dev libcurl4 libgcc-12-dev libncurses6 \
        libsqlite3-0 libstdc++-12-dev libxml2 libz3-4 pkg-config tzdata zlib1g-dev \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && for rewrite in $REWRITES; do git config --system --add "url.${rewrite%%=*}.insteadOf" "${rewrite#*=}"; done
ENV PATH=${TOOLCHAIN}/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
