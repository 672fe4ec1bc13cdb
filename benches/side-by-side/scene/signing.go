package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
)

const (
	manifestType  = "application/vnd.oci.image.manifest.v1+json"
	indexType     = "application/vnd.oci.image.index.v1+json"
	signatureType = "application/vnd.cncf.notary.signature"
	payloadType   = "application/vnd.cncf.notary.payload.v1+json"
	emptyType     = "application/vnd.oci.empty.v1+json"
)

type signer struct {
	local   signature.LocalSigner
	leaf    *x509.Certificate
	rootPEM []byte
}

func newKey(algorithm string) crypto.Signer {
	curves := map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()}
	sizes := map[string]int{"rsa2048": 2048, "rsa3072": 3072, "rsa4096": 4096}
	if curve, is := curves[algorithm]; is {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		check(err)
		return key
	}
	key, err := rsa.GenerateKey(rand.Reader, sizes[algorithm])
	check(err)
	return key
}

// newSigner makes a root, a signing certificate under it, and its key.
func newSigner(algorithm, name string) *signer {
	subject := func(name string) pkix.Name {
		return pkix.Name{Country: []string{"US"}, Province: []string{"WA"}, Organization: []string{"Bench"}, CommonName: name}
	}
	rootKey, key := newKey(algorithm), newKey(algorithm)
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject("root of " + name),
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	check(err)
	root, err = x509.ParseCertificate(rootDER)
	check(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: subject(name),
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	check(err)
	leaf, err = x509.ParseCertificate(leafDER)
	check(err)
	local, err := signature.NewLocalSigner([]*x509.Certificate{leaf, root}, key)
	check(err)
	rootPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	return &signer{local: local.(signature.LocalSigner), leaf: leaf, rootPEM: rootPEM}
}

type descriptor struct {
	MediaType    string `json:"mediaType"`
	Digest       string `json:"digest"`
	Size         int    `json:"size"`
	ArtifactType string `json:"artifactType,omitempty"`
}

func describe(mediaType string, bytes []byte) descriptor {
	return descriptor{MediaType: mediaType, Digest: digestOf(bytes), Size: len(bytes)}
}

func marshal(value any) []byte {
	bytes, err := json.Marshal(value)
	check(err)
	return bytes
}

// addImage puts image number i with its signatures into the repository; gives its digest.
func (s *scene) addImage(repository string, i int, format string, trusted, other *signer, untrusted int) string {
	image := marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config":      describe("application/vnd.oci.image.config.v1+json", []byte("{}")),
		"layers":      []descriptor{},
		"annotations": map[string]string{"number": fmt.Sprint(i)},
	})
	subject := describe(manifestType, image)
	s.manifests[repository+"/"+subject.Digest] = content{manifestType, image}
	var listed []descriptor
	for n := 0; n < untrusted; n++ {
		listed = append(listed, s.addSignature(repository, subject, format, other))
	}
	listed = append(listed, s.addSignature(repository, subject, format, trusted))
	s.referrers[repository+"/"+subject.Digest] = marshal(map[string]any{
		"schemaVersion": 2, "mediaType": indexType, "manifests": listed,
	})
	return subject.Digest
}

func (s *scene) addSignature(repository string, subject descriptor, format string, by *signer) descriptor {
	envelope, mediaType := jws.NewEnvelope(), jws.MediaTypeEnvelope
	if format == "cose" {
		envelope, mediaType = cose.NewEnvelope(), cose.MediaTypeEnvelope
	}
	payload := marshal(map[string]any{"targetArtifact": subject})
	bytes, err := envelope.Sign(&signature.SignRequest{
		Payload:       signature.Payload{ContentType: payloadType, Content: payload},
		Signer:        by.local,
		SigningTime:   time.Now(),
		SigningScheme: signature.SigningSchemeX509,
		SigningAgent:  "side-by-side/1.0",
	})
	check(err)
	layer := describe(mediaType, bytes)
	thumbprint := sha256.Sum256(by.leaf.Raw)
	manifest := marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "artifactType": signatureType,
		"config": describe(emptyType, []byte("{}")), "layers": []descriptor{layer}, "subject": subject,
		"annotations": map[string]string{
			"io.cncf.notary.x509chain.thumbprint#S256": fmt.Sprintf("[%q]", hex.EncodeToString(thumbprint[:])),
			"org.opencontainers.image.created":         time.Now().UTC().Format(time.RFC3339Nano),
		},
	})
	s.blobs[layer.Digest] = bytes
	if s.first == nil {
		s.first = bytes
	}
	described := describe(manifestType, manifest)
	s.manifests[repository+"/"+described.Digest] = content{manifestType, manifest}
	described.ArtifactType = signatureType
	return described
}
