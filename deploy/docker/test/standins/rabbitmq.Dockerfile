# Stands in for rabbitmq:4-management.
FROM localhost/standin/debian:trixie
RUN groupadd --system --gid 999 rabbitmq \
    && useradd --system --uid 999 --gid 999 --home-dir /var/lib/rabbitmq --shell /bin/bash rabbitmq \
    && printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server \
    && rm -rf /var/lib/apt/lists/* /var/lib/rabbitmq/.erlang.cookie \
    && printf '[rabbitmq_management,rabbitmq_prometheus].\n' >/etc/rabbitmq/enabled_plugins \
    && mkdir --parents /etc/rabbitmq/conf.d \
    && install --directory --owner=999 --group=999 /var/lib/rabbitmq /var/lib/rabbitmq/mnesia /var/log/rabbitmq \
    && chown -R 999:999 /var/lib/rabbitmq
# Debian's wrappers in /usr/sbin become another user; these do not.
ENV PATH=/usr/lib/rabbitmq/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/var/lib/rabbitmq RABBITMQ_LOGS=-
VOLUME /var/lib/rabbitmq
CMD ["rabbitmq-server"]
