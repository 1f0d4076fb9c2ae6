# The image: built with Node's own image, run on a base that has Node and neither shell nor package manager. docs/guides/image.md explains.
# `scripts/pin-images` renews both digests. test/deploy/image.test.ts builds this very file, on bases of its own that need no registry.
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot@sha256:9eeb7f5887d0e239e78264b06f7f11d2e14be534050481803a9e4728fcdd278e

# Nothing here depends on the processor, so it runs where the build runs, for all platforms alike.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
COPY . .
RUN ["npm", "run", "build"]
RUN ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
ARG SOURCE_DATE_EPOCH=0
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}
RUN ["node", "deploy/image/assemble.ts", "/out"]

FROM ${RUNTIME_IMAGE} AS image
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="partitiond" \
  org.opencontainers.image.description="Keeps the partitions of PostgreSQL tables in the state that a policy asks for, inside a stated lock budget" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.source="https://github.com/partitiond/partitiond" \
  org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production PATH=/nodejs/bin
# Owned by root: the program cannot change itself.
COPY --from=build /out/ /app/
WORKDIR /app
USER 65532:65532
EXPOSE 9788 9789
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["/nodejs/bin/node", "/app/healthcheck.mjs"]
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.js"]
CMD ["run"]
