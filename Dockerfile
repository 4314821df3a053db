# The webhook as an image: built from this tree with Debian 12's packages, nothing else.
#   docker build -t digester .
FROM debian:bookworm-slim AS build
COPY scripts/setup.sh /src/scripts/
RUN /src/scripts/setup.sh --build
COPY CMakeLists.txt CMakePresets.json /src/
COPY cmake /src/cmake
COPY lib /src/lib
COPY server /src/server
# The image holds no git history, so the commit is handed in: --build-arg COMMIT=$(git rev-parse --short=12 HEAD)
ARG COMMIT=unknown
RUN cd /src && DIGESTER_COMMIT=$COMMIT cmake --preset release -DDIGESTER_BUILD_TESTS=OFF \
 && ninja -C build/release digester \
 && strip -o /digester build/release/digester

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libc-ares2 libfmt9 \
      libprometheus-cpp-core1.0 libpsl5 libsimdjson14 libssl3 libyaml-cpp0.7 zlib1g \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log
COPY --from=build /digester /usr/local/bin/digester
# Fails the build when a library is missing here.
RUN digester version
USER 65532:65532
EXPOSE 8443 8888 9090
ENTRYPOINT ["digester"]
CMD ["webhook"]
