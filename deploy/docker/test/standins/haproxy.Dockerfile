# Stands in for haproxy:3.2-bookworm.
FROM localhost/standin/debian:trixie
RUN groupadd --system --gid 99 haproxy \
    && useradd --system --uid 99 --gid 99 --no-create-home haproxy \
    && apt-get update \
    && apt-get install -y --no-install-recommends haproxy \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir --parents /usr/local/etc/haproxy
STOPSIGNAL SIGUSR1
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
