ARG BASE_IMAGE=python:3.12-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /src
COPY . .
RUN python3 -m pip wheel --no-cache-dir --wheel-dir /wheels '.[fast,reload]' \
    && python3 -m venv --without-pip /venv \
    && python3 -m pip --python /venv/bin/python install --no-cache-dir --no-index --find-links /wheels 'cpaas-emulator[fast,reload]'

FROM ${BASE_IMAGE}
COPY --from=build /venv /venv
RUN install -d -o 10001 -g 10001 /data
ENV PATH="/venv/bin:$PATH" EMULATOR_HOST=0.0.0.0 EMULATOR_DB=/data/emulator.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8024
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --start-interval=0.5s --retries=3 \
    CMD ["cpaas-emulator", "ready"]
ENTRYPOINT ["cpaas-emulator"]
CMD ["serve"]
