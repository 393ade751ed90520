# syntax=docker/dockerfile:1

# The image of the service: one static binary on a base without a shell or package manager, run as a non-root user.
#
#   docker build -t rowgate .
#   docker run --stop-timeout 40 -p 8080:8080 -v rowgate-data:/data -e ROWGATE_PASSPHRASE=workflow:change-me rowgate
#
# cmd/rowgate/deploy_test.go checks that fly.toml matches.

FROM golang:1.26 AS build
# If the default proxy is unreachable: --build-arg GOPROXY=https://goproxy.cn,direct
ARG GOPROXY=https://proxy.golang.org,direct
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags="-s -w" -o /out/rowgate ./cmd/rowgate \
 && mkdir /out/data

# Certificates and time zones are in the base; uid and gid of nonroot are 65532.
FROM gcr.io/distroless/static-debian13:nonroot
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
