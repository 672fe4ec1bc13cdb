# What users of notation type, as it stands in their scripts. REGISTRY has the repositories `app`, with the tag v1, and
# `unsigned`; IMAGE is the first with its digest.
notation version > version.txt
notation --help > help.txt
notation help sign > help-sign.txt
notation completion bash > notation.bash
notation cert generate-test --default wabbit-networks.io
notation cert generate-test --bits 3072 other.example
notation key list | sed 's/  */ /g'
notation key ls > keys.txt
notation cert list
notation certificate ls --type ca --store other.example
notation cert show --type ca --store wabbit-networks.io wabbit-networks.io.crt
notation policy import trustpolicy.json
notation policy show
notation list --insecure-registry "$IMAGE"
notation inspect --insecure-registry "$IMAGE"
notation verify --insecure-registry "$IMAGE" || echo "exit $?"
notation sign --insecure-registry "$IMAGE"
notation sign --insecure-registry --signature-format cose --key other.example "$IMAGE"
notation sign --insecure-registry -k wabbit-networks.io -m io.wabbit-networks.buildId=123 -e 24h "$REGISTRY/app:v1"
notation ls --insecure-registry --max-signatures 3 "$IMAGE" | sed 's/sha256:.*/DIGEST/' | sort -u
notation inspect --insecure-registry -o json "$IMAGE" | grep -c signatureAlgorithm
notation inspect --insecure-registry --output tree "$IMAGE" | grep 'signing agent: ' | wc -l | tr -d ' '
notation verify --insecure-registry "$IMAGE"
notation verify --insecure-registry "$REGISTRY/app:v1"
notation verify --insecure-registry --user-metadata io.wabbit-networks.buildId=123 "$IMAGE"
notation verify --insecure-registry -m io.wabbit-networks.buildId=321 "$IMAGE" || echo "exit $?"
notation verify --insecure-registry "$REGISTRY/unsigned:v1" || echo "exit $?"
notation blob sign file.txt
notation blob sign --signature-format cose --signature-directory sigs file.txt
notation blob inspect file.txt.jws.sig | head -n 3
notation blob policy init --name blobs --trust-store ca:wabbit-networks.io --trusted-identity '*' --global
notation blob policy show
notation blob verify --signature file.txt.jws.sig file.txt
notation blob verify -s sigs/file.txt.cose.sig other.txt || echo "exit $?"
NOTATION_EXPERIMENTAL=1 notation sign --oci-layout layout:v1 | sed 's/sha256:.*/DIGEST/'
NOTATION_EXPERIMENTAL=1 notation verify --oci-layout --scope local/app layout:v1 | sed 's/sha256:.*/DIGEST/'
notation list --oci-layout layout:v1 || echo "exit $?"
notation key update --default other.example
notation key set --default wabbit-networks.io
notation key add --plugin missing --id x y || echo "exit $?"
notation key delete other.example
notation cert delete --type ca --store other.example --yes other.example.crt
notation cert cleanup-test --yes wabbit-networks.io
notation key list | sed 's/  */ /g'
notation cert list
notation logging || echo "exit $?"
