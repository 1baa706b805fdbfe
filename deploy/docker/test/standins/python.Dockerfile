# Stands in for python:3.13-slim-bookworm.
FROM localhost/standin/debian:trixie
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates python3 && rm -rf /var/lib/apt/lists/*
CMD ["python3"]
