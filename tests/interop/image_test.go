package interop

import (
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/notaryproject/notation-go/registry"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

const mediaTypeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"

// image is an image of its own content in a repository.
type image struct {
	server *registryServer
	// scope is registry/repository, as trust policies name it.
	scope      string
	descriptor ocispec.Descriptor
	remote     *remote.Repository
	// signatures is the repository as notation-go sees it.
	signatures registry.Repository
}

// reference names the image by its digest.
func (i image) reference() string {
	return i.scope + "@" + i.descriptor.Digest.String()
}

// taggedReference names the image by its tag.
func (i image) taggedReference() string {
	return i.scope + ":v1"
}

// pushImage pushes a small image of one layer, different each time, under
// the tag "v1".
func pushImage(t *testing.T, server *registryServer, repository string) image {
	t.Helper()
	target := openRepository(t, server, repository)
	layer := pushBlob(t, target, ocispec.MediaTypeImageLayer, []byte("layer "+rand.Text()))
	config := pushBlob(t, target, ocispec.MediaTypeImageConfig, mustMarshal(t, ocispec.Image{
		Platform: ocispec.Platform{Architecture: "amd64", OS: "linux"},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: nil},
	}))
	manifest := mustMarshal(t, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    []ocispec.Descriptor{layer},
	})
	descriptor, err := oras.TagBytes(t.Context(), target, ocispec.MediaTypeImageManifest, manifest, "v1")
	if err != nil {
		t.Fatalf("pushing to %s: %v", repository, err)
	}
	return newImage(server, target, descriptor)
}

// pushDockerImage pushes an image with Docker's media types, as older
// builders do.
func pushDockerImage(t *testing.T, server *registryServer, repository string) image {
	t.Helper()
	target := openRepository(t, server, repository)
	manifest := mustMarshal(t, map[string]any{
		"schemaVersion": 2,
		"mediaType":     mediaTypeDockerManifest,
		"config":        pushBlob(t, target, "application/vnd.docker.container.image.v1+json", mustMarshal(t, ocispec.Image{})),
		"layers": []ocispec.Descriptor{
			pushBlob(t, target, "application/vnd.docker.image.rootfs.diff.tar.gzip", []byte("layer "+rand.Text())),
		},
	})
	descriptor, err := oras.TagBytes(t.Context(), target, mediaTypeDockerManifest, manifest, "v1")
	if err != nil {
		t.Fatalf("pushing to %s: %v", repository, err)
	}
	return newImage(server, target, descriptor)
}

// pushIndex pushes an index of two images under the tag "v1".
func pushIndex(t *testing.T, server *registryServer, repository string) image {
	t.Helper()
	index := ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
	}
	for _, architecture := range []string{"amd64", "arm64"} {
		descriptor := pushImage(t, server, repository).descriptor
		descriptor.Platform = &ocispec.Platform{Architecture: architecture, OS: "linux"}
		index.Manifests = append(index.Manifests, descriptor)
	}
	target := openRepository(t, server, repository)
	descriptor, err := oras.TagBytes(t.Context(), target, ocispec.MediaTypeImageIndex, mustMarshal(t, index), "v1")
	if err != nil {
		t.Fatalf("pushing an index to %s: %v", repository, err)
	}
	return newImage(server, target, descriptor)
}

// pushCopy pushes the same image to another repository, without its
// signatures.
func pushCopy(t *testing.T, server *registryServer, source image, repository string) image {
	t.Helper()
	target := openRepository(t, server, repository)
	descriptor, err := oras.Copy(t.Context(), source.remote, source.descriptor.Digest.String(), target, "v1", oras.DefaultCopyOptions)
	if err != nil {
		t.Fatalf("copying %s: %v", source.reference(), err)
	}
	return newImage(server, target, descriptor)
}

func newImage(server *registryServer, target *remote.Repository, descriptor ocispec.Descriptor) image {
	scope := target.Reference.Registry + "/" + target.Reference.Repository
	return image{server, scope, descriptor, target, registry.NewRepository(target)}
}

func openRepository(t *testing.T, server *registryServer, repository string) *remote.Repository {
	t.Helper()
	target, err := remote.NewRepository(server.host + "/" + repository)
	if err != nil {
		t.Fatal(err)
	}
	target.PlainHTTP = true
	// An index of the tag schema that was replaced stays where it is:
	// distribution forbids deleting.
	target.SkipReferrersGC = true
	if server.password != "" {
		target.Client = &auth.Client{Credential: auth.StaticCredential(server.host, auth.Credential{
			Username: registryUser,
			Password: server.password,
		})}
	}
	return target
}

func pushBlob(t *testing.T, target *remote.Repository, mediaType string, content []byte) ocispec.Descriptor {
	t.Helper()
	descriptor, err := oras.PushBytes(t.Context(), target.Blobs(), mediaType, content)
	if err != nil {
		t.Fatalf("pushing a blob: %v", err)
	}
	return descriptor
}

// storedSignature is a signature as it lies in the registry.
type storedSignature struct {
	mediaType string
	envelope  []byte
	manifest  ocispec.Descriptor
}

// onlySignature fetches the one signature that the image has.
func (i image) onlySignature(t *testing.T) storedSignature {
	t.Helper()
	var found []storedSignature
	err := i.signatures.ListSignatures(t.Context(), i.descriptor, func(manifests []ocispec.Descriptor) error {
		for _, manifest := range manifests {
			envelope, descriptor, err := i.signatures.FetchSignatureBlob(t.Context(), manifest)
			if err != nil {
				return err
			}
			found = append(found, storedSignature{descriptor.MediaType, envelope, manifest})
		}
		return nil
	})
	if err != nil {
		t.Fatalf("listing the signatures of %s: %v", i.reference(), err)
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d signatures, expected one", i.reference(), len(found))
	}
	return found[0]
}

// attach pushes an envelope as a signature of this image, whatever it says.
func (i image) attach(t *testing.T, mediaType string, envelope []byte) {
	t.Helper()
	annotations := map[string]string{"io.cncf.notary.x509chain.thumbprint#S256": "[]"}
	if _, _, err := i.signatures.PushSignature(t.Context(), mediaType, envelope, i.descriptor, annotations); err != nil {
		t.Fatalf("attaching a signature to %s: %v", i.reference(), err)
	}
}

func mustMarshal(t *testing.T, value any) []byte {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("encoding %T: %v", value, err)
	}
	return encoded
}

// byTagSchema is the same image for a client that does not use the referrers
// API, which is what Notation 1.3's --force-referrers-tag does by default.
func (i image) byTagSchema(t *testing.T) image {
	t.Helper()
	target := openRepository(t, i.server, i.remote.Reference.Repository)
	if err := target.SetReferrersCapability(false); err != nil {
		t.Fatal(err)
	}
	return newImage(i.server, target, i.descriptor)
}
