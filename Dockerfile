# The environment, on a processor or a GPU; the project is the checkout that is mounted.
#
#   docker build --tag mtdnet .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/project" mtdnet python -m flows.reproduce
#   docker run --rm --gpus all --volume "$PWD:/project" mtdnet mtdnet doctor
#
# A worker, and the three variables that it needs: docs/operate.md.
#
# torch brings CUDA, the host the driver. Smaller, for a processor: --build-arg TORCH_INDEX=... as in
# README's "Installation".
FROM python:3.11-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git make \
 && rm -rf /var/lib/apt/lists/* \
 && git config --system --add safe.directory /project
WORKDIR /project
COPY . .
ARG TORCH_INDEX=
RUN PIP_NO_CACHE_DIR=1 make install VENV=/opt/venv TORCH_INDEX="$TORCH_INDEX"
# a user of the host has no home here
ENV PATH="/opt/venv/bin:$PATH" HOME=/tmp
CMD ["mtdnet", "doctor"]
