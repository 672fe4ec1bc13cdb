// Command plugin is a Notation plugin in Go, with Go's cryptography and the
// plugin framework of the Notary Project: what a team might have written for a
// key of its own. Installed as notation-interop-raw it makes signatures, as
// notation-interop-envelope whole envelopes, as notation-interop-envelope-for-blob
// those of files, with a timestamp where the plugin configuration names an
// authority.
//
// A key's identifier is a directory with key.pem (PKCS #8) and chain.pem.
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-plugin-framework-go/cli"
	"github.com/notaryproject/notation-plugin-framework-go/plugin"
	"github.com/notaryproject/tspclient-go"
)

// authorityTimeout is how long a timestamping authority may take.
const authorityTimeout = 30 * time.Second

func main() {
	ctx := context.Background()
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "notation-")
	if name == envelopeForBlob && len(os.Args) == 2 {
		switch plugin.Command(os.Args[1]) {
		case plugin.CommandDescribeKey:
			serve(ctx, filePlugin{name}.DescribeKey)
			return
		case plugin.CommandGenerateEnvelope:
			serve(ctx, filePlugin{name}.GenerateEnvelope)
			return
		}
	}
	program, err := cli.New(filePlugin{name})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program.Execute(ctx, os.Args)
}

// envelopeForBlob is a name and a capability that the specification has and the
// framework does not.
const envelopeForBlob = "interop-envelope-for-blob"

// capabilities are those of each name.
var capabilities = map[string]plugin.Capability{
	"interop-raw":      plugin.CapabilitySignatureGenerator,
	"interop-envelope": plugin.CapabilityEnvelopeGenerator,
	envelopeForBlob:    "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB",
}

// serve answers a command that the framework does not take with a capability
// that it does not know.
func serve[Q, A any](ctx context.Context, answer func(context.Context, *Q) (*A, error)) {
	var request Q
	err := json.NewDecoder(os.Stdin).Decode(&request)
	if err == nil {
		var response *A
		if response, err = answer(ctx, &request); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(response)
		}
	}
	if err != nil {
		_ = json.NewEncoder(os.Stderr).Encode(plugin.NewGenericError(err.Error()))
		os.Exit(1)
	}
}

// filePlugin signs with keys in files, in the way that its name says.
type filePlugin struct {
	name string
}

func (p filePlugin) GetMetadata(context.Context, *plugin.GetMetadataRequest) (*plugin.GetMetadataResponse, error) {
	return &plugin.GetMetadataResponse{
		Name:                      p.name,
		Description:               "Signs with a key in a file",
		Version:                   "1.0.0",
		URL:                       "https://countersign.test/interop",
		SupportedContractVersions: []string{plugin.ContractVersion},
		Capabilities:              []plugin.Capability{capabilities[p.name]},
	}, nil
}

func (p filePlugin) DescribeKey(_ context.Context, request *plugin.DescribeKeyRequest) (*plugin.DescribeKeyResponse, error) {
	key, err := readKey(request.KeyID)
	if err != nil {
		return nil, plugin.NewGenericError(err.Error())
	}
	return &plugin.DescribeKeyResponse{KeyID: request.KeyID, KeySpec: key.algorithms().spec}, nil
}

func (p filePlugin) GenerateSignature(_ context.Context, request *plugin.GenerateSignatureRequest) (*plugin.GenerateSignatureResponse, error) {
	key, err := readKey(request.KeyID)
	if err != nil {
		return nil, plugin.NewGenericError(err.Error())
	}
	signed, err := key.sign(request.Payload)
	if err != nil {
		return nil, plugin.NewGenericError(err.Error())
	}
	response := &plugin.GenerateSignatureResponse{
		KeyID:            request.KeyID,
		Signature:        signed,
		SigningAlgorithm: key.algorithms().signature,
	}
	for _, certificate := range key.chain {
		response.CertificateChain = append(response.CertificateChain, certificate.Raw)
	}
	return response, nil
}

func (p filePlugin) GenerateEnvelope(_ context.Context, request *plugin.GenerateEnvelopeRequest) (*plugin.GenerateEnvelopeResponse, error) {
	encoded, err := generateEnvelope(request)
	if err != nil {
		return nil, plugin.NewGenericError(err.Error())
	}
	return &plugin.GenerateEnvelopeResponse{
		SignatureEnvelope:     encoded,
		SignatureEnvelopeType: request.SignatureEnvelopeType,
	}, nil
}

func (p filePlugin) VerifySignature(context.Context, *plugin.VerifySignatureRequest) (*plugin.VerifySignatureResponse, error) {
	return nil, plugin.NewUnsupportedError("verify-signature")
}

func generateEnvelope(request *plugin.GenerateEnvelopeRequest) ([]byte, error) {
	key, err := readKey(request.KeyID)
	if err != nil {
		return nil, err
	}
	signer, err := signature.NewLocalSigner(key.chain, key.private)
	if err != nil {
		return nil, err
	}
	envelope, err := signature.NewEnvelope(request.SignatureEnvelopeType)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	signRequest := &signature.SignRequest{
		Payload:       signature.Payload{ContentType: request.PayloadType, Content: request.Payload},
		Signer:        signer,
		SigningTime:   now,
		SigningScheme: signature.SigningSchemeX509,
		SigningAgent:  "interop/1.0.0",
	}
	if request.ExpiryDurationInSeconds > 0 {
		signRequest.Expiry = now.Add(time.Duration(request.ExpiryDurationInSeconds) * time.Second)
	}
	if address := request.PluginConfig["timestamp_url"]; address != "" {
		signRequest.Timestamper, err = tspclient.NewHTTPTimestamper(&http.Client{Timeout: authorityTimeout}, address)
		if err != nil {
			return nil, err
		}
		roots, err := readCertificates(request.PluginConfig["timestamp_root_cert"])
		if err != nil {
			return nil, err
		}
		signRequest.TSARootCAs = x509.NewCertPool()
		for _, root := range roots {
			signRequest.TSARootCAs.AddCert(root)
		}
	}
	return envelope.Sign(signRequest)
}

// fileKey is a private key and the certificates that go with it.
type fileKey struct {
	private crypto.Signer
	chain   []*x509.Certificate
}

func readKey(directory string) (*fileKey, error) {
	encoded, err := os.ReadFile(filepath.Join(directory, "key.pem"))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(encoded)
	if block == nil {
		return nil, fmt.Errorf("%s has no key", directory)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, isSigner := parsed.(crypto.Signer)
	if !isSigner {
		return nil, fmt.Errorf("%T does not sign", parsed)
	}
	chain, err := readCertificates(filepath.Join(directory, "chain.pem"))
	if err != nil {
		return nil, err
	}
	return &fileKey{private, chain}, nil
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var certificates []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return certificates, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
}

// algorithms is what the specification has for a kind of key.
type algorithms struct {
	spec      plugin.KeySpec
	hash      crypto.Hash
	signature plugin.SignatureAlgorithm
}

func (k *fileKey) algorithms() algorithms {
	switch public := k.private.Public().(type) {
	case *rsa.PublicKey:
		return map[int]algorithms{
			2048: {plugin.KeySpecRSA2048, crypto.SHA256, plugin.SignatureAlgorithmRSASSA_PSS_SHA256},
			3072: {plugin.KeySpecRSA3072, crypto.SHA384, plugin.SignatureAlgorithmRSASSA_PSS_SHA384},
			4096: {plugin.KeySpecRSA4096, crypto.SHA512, plugin.SignatureAlgorithmRSASSA_PSS_SHA512},
		}[public.N.BitLen()]
	case *ecdsa.PublicKey:
		return map[int]algorithms{
			256: {plugin.KeySpecEC256, crypto.SHA256, plugin.SignatureAlgorithmECDSA_SHA256},
			384: {plugin.KeySpecEC384, crypto.SHA384, plugin.SignatureAlgorithmECDSA_SHA384},
			521: {plugin.KeySpecEC521, crypto.SHA512, plugin.SignatureAlgorithmECDSA_SHA512},
		}[public.Params().BitSize]
	}
	return algorithms{}
}

// sign makes RSASSA-PSS with a salt as long as the hash, or ECDSA's two
// numbers one after the other.
func (k *fileKey) sign(message []byte) ([]byte, error) {
	hash := k.algorithms().hash
	hasher := hash.New()
	hasher.Write(message)
	digest := hasher.Sum(nil)
	if private, isECDSA := k.private.(*ecdsa.PrivateKey); isECDSA {
		r, s, err := ecdsa.Sign(rand.Reader, private, digest)
		if err != nil {
			return nil, err
		}
		width := (private.Params().BitSize + 7) / 8
		signed := make([]byte, 2*width)
		r.FillBytes(signed[:width])
		s.FillBytes(signed[width:])
		return signed, nil
	}
	return k.private.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
}
