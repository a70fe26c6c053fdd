# syntax=docker/dockerfile:1
# One image per program of cmd/: docker build --build-arg PROGRAM=manager . (or PROGRAM=gateway)
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG PROGRAM=manager TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w" -o /out/program ./cmd/$PROGRAM

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/program /program
USER 65532:65532
ENTRYPOINT ["/program"]
