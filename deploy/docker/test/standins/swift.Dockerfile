# Stands in for swift:6.3.1-bookworm: the toolchain's Debian packages; the build mounts the toolchain itself.
ARG DEBIAN
FROM ${DEBIAN}
ARG TOOLCHAIN
# Folders that git reads instead of the network, as folder=address.
ARG REWRITES=
RUN apt-get update \
    && apt-get install -y --no-install-recommends binutils ca-certificates git libc6-dev libcurl4 libgcc-12-dev libncurses6 \
        libsqlite3-0 libstdc++-12-dev libxml2 libz3-4 pkg-config tzdata zlib1g-dev \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && for rewrite in $REWRITES; do git config --system --add "url.${rewrite%%=*}.insteadOf" "${rewrite#*=}"; done
ENV PATH=${TOOLCHAIN}/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
