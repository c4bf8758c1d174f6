# The image of a project, built in its folder, beside pool.yaml:
#
#     docker build -f project.Dockerfile -t registry.acme.example/pools:1 .
#
# Name the files that the pools need. `COPY . .` could copy a key.
ARG PROVISIONER=registry.acme.example/provisioner:0.1.0
# hadolint ignore=DL3006
FROM ${PROVISIONER}
WORKDIR /project
COPY pool.yaml sfdx-project.json .forceignore ./
COPY config config
COPY data data
COPY force-app force-app
# A project with problems gives no image. This needs no secret.
RUN ["provisioner", "check", "--without-secrets"]
