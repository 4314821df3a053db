# digester as an image: the webhook with the argument `webhook`, the KRM function without arguments. Built from this tree
# with Debian 12's packages; nothing else is in it than the program, what it loads, certificate authorities and an SPDX
# document (/usr/share/sbom/digester.spdx.json).
#
#   docker build --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t digester .
#
# The same commit and the same packages give the same layer. To get the document alone:
#   docker build --target sbom --output . .
ARG BASE=debian:bookworm-slim
FROM ${BASE} AS build
COPY scripts/setup.sh /src/scripts/
RUN /src/scripts/setup.sh --build \
 && apt-get install -y --no-install-recommends ca-certificates
COPY CMakeLists.txt CMakePresets.json /src/
COPY cmake /src/cmake
COPY lib /src/lib
COPY server /src/server
# The image holds no git history, so the commit is handed in.
ARG COMMIT=unknown
RUN cd /src && DIGESTER_COMMIT=$COMMIT cmake --preset release -DDIGESTER_BUILD_TESTS=OFF \
 && ninja -C build/release digester \
 && strip -o /digester build/release/digester
COPY scripts/image_root.sh /src/scripts/
# The time that all files get.
ARG SOURCE_DATE_EPOCH=0
RUN SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH /src/scripts/image_root.sh /digester /root-of-image

FROM scratch AS sbom
COPY --from=build /root-of-image/usr/share/sbom/digester.spdx.json /

FROM scratch
COPY --from=build /root-of-image/ /
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="digester" \
      org.opencontainers.image.description="Puts a digest behind an image tag" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${COMMIT}"
USER 65532:65532
WORKDIR /home/nonroot
ENV PATH=/usr/bin HOME=/home/nonroot
EXPOSE 8443 8888 9090
ENTRYPOINT ["/usr/bin/digester"]
