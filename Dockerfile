# The image of the service: one static binary on a base without a shell or package manager, run as a non-root user.
#
#   docker build -t rowgate --build-arg VERSION="$(git describe --tags --always)" .
#   docker run --stop-timeout 40 -p 8080:8080 -v rowgate-data:/data -e ROWGATE_PASSPHRASE="workflow:$(openssl rand -hex 16)" rowgate
#
# compose.yaml does both. cmd/rowgate/deploy_test.go checks that fly.toml and compose.yaml match.
#
# From mainland China the defaults of the first three arguments are slow or out of reach:
#
#   --build-arg GO_IMAGE=docker.m.daocloud.io/library/golang:1.26
#   --build-arg BASE_IMAGE=gcr.m.daocloud.io/distroless/static-debian13:nonroot
#   --build-arg GOPROXY=https://goproxy.cn,direct

ARG GO_IMAGE=golang:1.26
ARG BASE_IMAGE=gcr.io/distroless/static-debian13:nonroot

FROM ${GO_IMAGE} AS build
ARG GOPROXY=https://proxy.golang.org,direct
# What rowgate --version and the documents say.
ARG VERSION=unreleased
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags="-s -w -X main.release=${VERSION}" -o /out/rowgate ./cmd/rowgate \
 && mkdir /out/data

# Certificates and time zones are in the base; uid and gid of nonroot are 65532.
FROM ${BASE_IMAGE}
COPY --from=build /out/rowgate /usr/local/bin/rowgate
# A new Docker volume takes its owner from this directory. Fly gives the root of a volume to the image's USER at each boot.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532

# Database and sealing key live on the volume: the default paths are ./data/…, relative to /.
WORKDIR /
VOLUME /data
ENV ROWGATE_DATABASE_URL=sqlite:/data/rowgate.db

# PORT makes the service listen on every address, which needs a ROWGATE_PASSPHRASE: it refuses to start without one.
ENV PORT=8080
EXPOSE 8080

# For a machine of 512 MB. The rest is for memory that Go does not count: SQLite's own allocations, the kernel, the page cache.
ENV GOMEMLIMIT=384MiB

# On SIGTERM the service refuses new work and drains for up to 30 seconds: allow 40 before SIGKILL.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/rowgate"]
CMD ["serve"]
