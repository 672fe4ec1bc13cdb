package interop

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// jws is the envelope as far as it is tampered with.
type jws struct {
	Payload   string          `json:"payload"`
	Protected string          `json:"protected"`
	Header    json.RawMessage `json:"header"`
	Signature string          `json:"signature"`
}

// envelopeAttack is what somebody who may push to the registry can do with a
// good signature.
type envelopeAttack struct {
	name string
	// edit changes the envelope.
	edit func(t *testing.T, envelope []byte) []byte
	// moved attaches it to another image than the one it was made for.
	moved bool
	want  reason
}

var envelopeAttacks = []envelopeAttack{
	{"signature of another image", unchanged, true, otherArtifact},
	{"flipped byte in the payload", flipInPayload, false, badIntegrity},
	{"flipped byte in the header", flipInHeader, false, badIntegrity},
	{"flipped byte in the signature", flipInSignature, false, badIntegrity},
}

// apply gives an image that carries nothing but the signature of source,
// attacked.
func (a envelopeAttack) apply(t *testing.T, server *registryServer, source image) image {
	t.Helper()
	original := source.onlySignature(t)
	repository := "attacked/" + strings.ToLower(rand.Text())
	var target image
	if a.moved {
		target = pushImage(t, server, repository)
	} else {
		target = pushCopy(t, server, source, repository)
	}
	target.attach(t, original.mediaType, a.edit(t, original.envelope))
	return target
}

func unchanged(_ *testing.T, envelope []byte) []byte { return envelope }

// flipInPayload changes one digit of the signed digest: still a well-formed
// payload, so that only the signature shows the change.
func flipInPayload(t *testing.T, envelope []byte) []byte {
	t.Helper()
	return editJWS(t, envelope, func(parts *jws) {
		parts.Payload = flipAfter(t, parts.Payload, "sha256:")
	})
}

// flipInHeader changes one digit of the signing time in the protected header.
func flipInHeader(t *testing.T, envelope []byte) []byte {
	t.Helper()
	return editJWS(t, envelope, func(parts *jws) {
		// The last digit of the year: still a valid time.
		parts.Protected = flipAfter(t, parts.Protected, `igningTime":"202`)
	})
}

// flipInSignature changes one bit in the middle of the signature.
func flipInSignature(t *testing.T, envelope []byte) []byte {
	t.Helper()
	return editJWS(t, envelope, func(parts *jws) {
		raw := decodeBase64(t, parts.Signature)
		raw[len(raw)/2] ^= 1
		parts.Signature = base64.RawURLEncoding.EncodeToString(raw)
	})
}

func editJWS(t *testing.T, envelope []byte, edit func(*jws)) []byte {
	t.Helper()
	var parts jws
	if err := json.Unmarshal(envelope, &parts); err != nil {
		t.Fatalf("the envelope is not JSON: %v", err)
	}
	edit(&parts)
	edited := mustMarshal(t, parts)
	if bytes.Equal(edited, envelope) {
		t.Fatal("the envelope was not changed")
	}
	return edited
}

// flipAfter turns the digit behind the marker into its neighbour.
func flipAfter(t *testing.T, encoded, marker string) string {
	t.Helper()
	raw := decodeBase64(t, encoded)
	at := bytes.Index(raw, []byte(marker))
	if at < 0 {
		t.Fatalf("no %q in %s", marker, raw)
	}
	// Stays within the hexadecimal digits.
	digit := &raw[at+len(marker)]
	switch {
	case *digit == 'a':
		*digit = 'b'
	case *digit > 'a':
		*digit--
	default:
		*digit ^= 1
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func decodeBase64(t *testing.T, encoded string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
