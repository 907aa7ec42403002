# Milepost in a Debian image, run by an account of its own. Without DATABASE_URL the embedded PostgreSQL keeps its data in /data.
#
#   docker build -t milepost .
#   docker run -p 4000:4000 -v milepost:/data milepost

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc prisma.config.ts vite.config.ts tsconfig.json ./
COPY prisma ./prisma
COPY src ./src
COPY schema.graphql ./
# Also generates the database client and builds the console.
RUN npm ci --no-audit --no-fund
# What only that needed, and the Node that comes from npm for machines with another one, would be two thirds of the image.
RUN npm pkg delete dependencies.node dependencies.prisma dependencies.vite scripts.postinstall \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM debian:bookworm-slim
# tini reaps what the embedded PostgreSQL leaves behind, which the first process of a container has to.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libatomic1 tini \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin milepost \
  && install -d -o milepost -g milepost -m 0700 /data
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
WORKDIR /app
USER milepost
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 MILEPOST_DATA_DIR=/data
VOLUME /data
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "--max-semi-space-size=32"]
CMD ["src/main.ts"]
