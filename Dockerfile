# The service, beside it the receiver of alerts, and nothing else; scripts/image builds it. The root file system may be
# read-only if /tmp (what gunicorn and large bodies put aside) and /var/lib/slipway (the journal, models that were
# fetched) can be written:
#   docker run --read-only --tmpfs /tmp --mount type=volume,dst=/var/lib/slipway --env MODEL_TAG=... slipway
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
RUN python3 -m venv /tools && python3 -m venv --without-pip /opt/venv
COPY requirements.txt /tools/
RUN /tools/bin/pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --only-binary :all: \
      --require-hashes --requirement /tools/requirements.txt
# Nothing that serves imports these: converters, tests, types, and ONNX Runtime once more for programs in C++.
RUN find /opt/venv/lib -type d \( -name tests -o -path '*/numpy/f2py' -o -path '*/numpy/distutils' \
      -o -path '*/onnxruntime/datasets' -o -path '*/onnxruntime/quantization' -o -path '*/onnxruntime/tools' \
      -o -path '*/onnxruntime/transformers' \) -prune -exec rm -r {} + \
    && find /opt/venv/lib -type f \( -name '*.pyi' -o -name 'libonnxruntime.so*' \) -delete
COPY LICENSE gunicorn.conf.py /srv/slipway/
COPY core /srv/slipway/core
COPY app /srv/slipway/app
COPY watch /srv/slipway/watch
# Whoever serves may write neither here nor anywhere else but below /tmp and /var/lib/slipway.
RUN /opt/venv/bin/python -m compileall -q /opt/venv/lib /srv/slipway

FROM ${BASE}
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3.*/site-packages/pip* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/slipway --shell /usr/sbin/nologin slipway \
    && install --directory --owner=10001 --group=10001 /var/lib/slipway
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/slipway /srv/slipway
WORKDIR /srv/slipway
# ONNX Runtime would otherwise tell Microsoft of each start.
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    APP_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    JOURNAL_DIR=/var/lib/slipway/journal \
    MODEL_CACHE=/var/lib/slipway/models
USER 10001:10001

# A model that is in the image already need not be fetched when it is served. Of a private repository, a token:
# --secret id=github_token,src=FILE
ARG MODEL_TAG=
ARG MODEL_REGISTRY=
ARG GITHUB_API_URL=
ARG GITHUB_SERVER_URL=
RUN --mount=type=secret,id=github_token,uid=10001 [ -z "$MODEL_TAG" ] \
    || GITHUB_TOKEN="$(cat /run/secrets/github_token 2>/dev/null)" APP_ENV=development python -m app check

EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-ISc", "import http.client, os, sys; \
service = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); \
service.request('GET', '/readyz'); sys.exit(service.getresponse().status != 200)"]
CMD ["gunicorn", "--config", "gunicorn.conf.py", "app.wsgi:application"]

ARG VERSION=
ARG REVISION=
ENV SLIPWAY_REVISION=${REVISION}
LABEL org.opencontainers.image.title=Slipway \
      org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
