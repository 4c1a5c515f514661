#!/usr/bin/env bash
# A deployment with an approval:  fermata run -p region=eu-west -- ./deploy.sh
set -euo pipefail
region=${FERMATA_PARAM_REGION:-eu-west}

echo "building for $region"
image=$(fermata step build -- echo "shop:$(date +%Y%m%d)")

plan="Deploys **$image** to $region.

| check | result |
|---|---|
| unit tests | 1482 passed |
| licences | nothing new |"
if ! fermata confirm "Deploy to $region?" --description "$plan" --timeout 3600; then
    fermata log --level warning "nobody wanted $image in $region"
    exit 1
fi
echo "deploying $image to $region"
