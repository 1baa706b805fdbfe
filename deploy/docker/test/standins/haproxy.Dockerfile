# Stands in for haproxy:3.2-bookworm.
FROM localhost/standin/debian:trixie
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends haproxy \
    && rm -rf /var/lib/apt/lists/* \
    && groupmod --gid 99 haproxy \
    && usermod --uid 99 haproxy \
    && mkdir --parents /usr/local/etc/haproxy
STOPSIGNAL SIGUSR1
CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
