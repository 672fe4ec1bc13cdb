package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"countersign.test/interop/programs"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/crypto/bcrypt"
)

// maxManifestBytes bounds what the wrapper reads of a manifest.
const maxManifestBytes = 4 << 20

// registryServer is a running registry.
type registryServer struct {
	name string
	// host is what references start with. One registry is "localhost", which
	// Notation takes for plain HTTP by itself, the other an address, which
	// config.json must name in insecureRegistries.
	host string
	// password is what the user registryUser must give; empty where nobody is asked.
	password string
}

const registryUser = "interop"

// serveContainerRegistry serves go-containerregistry's registry, which has
// the referrers API, from this process.
func serveContainerRegistry(name string, corrected bool) (*registryServer, func(), error) {
	handler := ggcr.New(ggcr.WithReferrersSupport(true), ggcr.Logger(log.New(io.Discard, "", 0)))
	if corrected {
		handler = conformingReferrers{handler}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	host := fmt.Sprintf("localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	return &registryServer{name: name, host: host}, func() { _ = server.Close() }, nil
}

// startDistribution starts the CNCF distribution registry, which has no
// referrers API: signatures are found by the tag schema. With a password it
// asks for Basic credentials.
func startDistribution(scratch, name, password string) (*registryServer, func(), error) {
	path := os.Getenv("DISTRIBUTION_REGISTRY_BIN")
	if path == "" {
		return nil, nil, fmt.Errorf("DISTRIBUTION_REGISTRY_BIN is not set: start these tests by tests/interop/run")
	}
	port, err := programs.FreePort()
	if err != nil {
		return nil, nil, err
	}
	server := &registryServer{name, fmt.Sprintf("127.0.0.1:%d", port), password}
	directory := filepath.Join(scratch, name)
	if err := os.Mkdir(directory, 0o700); err != nil {
		return nil, nil, err
	}
	// Deleting stays forbidden, as it is by default: a client that replaces a
	// referrers index cannot remove the old one.
	configuration := fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
http: {addr: %q}
`, filepath.Join(directory, "data"), server.host)
	if password != "" {
		passwords := filepath.Join(directory, "htpasswd")
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			return nil, nil, err
		}
		if err := os.WriteFile(passwords, []byte(registryUser+":"+string(hash)+"\n"), 0o600); err != nil {
			return nil, nil, err
		}
		configuration += fmt.Sprintf("auth: {htpasswd: {realm: interop, path: %q}}\n", passwords)
	}
	configPath := filepath.Join(directory, "config.yml")
	if err := os.WriteFile(configPath, []byte(configuration), 0o600); err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(path, "serve", configPath)
	cmd.Env = []string{"OTEL_TRACES_EXPORTER=none", "HOME=" + directory}
	logPath := filepath.Join(directory, "log")
	stop, err := programs.Start(cmd, logPath, "")
	if err != nil {
		return nil, nil, err
	}
	if err := waitForRegistry(server); err != nil {
		stop()
		said, _ := os.ReadFile(logPath)
		return nil, nil, fmt.Errorf("distribution's registry did not start: %w\n%s", err, said)
	}
	return server, stop, nil
}

// waitForRegistry asks until the registry answers: distribution has no line
// that says so.
func waitForRegistry(server *registryServer) error {
	deadline := time.Now().Add(programs.StartTimeout)
	for {
		response, err := http.Get("http://" + server.host + "/v2/")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusUnauthorized {
				return nil
			}
			err = fmt.Errorf("status %s", response.Status)
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// conformingReferrers mends what go-containerregistry v0.20.3 leaves out of
// the distribution specification: it answers a pushed manifest that has a
// subject without OCI-Subject, and lists config.mediaType as the
// artifactType of a manifest that has one of its own.
type conformingReferrers struct {
	inner http.Handler
}

func (c conformingReferrers) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	switch {
	case request.Method == http.MethodPut && strings.Contains(request.URL.Path, "/manifests/"):
		c.putManifest(w, request)
	case request.Method == http.MethodGet && strings.Contains(request.URL.Path, "/referrers/"):
		c.listReferrers(w, request)
	default:
		c.inner.ServeHTTP(w, request)
	}
}

func (c conformingReferrers) putManifest(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxManifestBytes))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	var manifest ocispec.Manifest
	if json.Unmarshal(body, &manifest) == nil && manifest.Subject != nil {
		w.Header().Set("OCI-Subject", manifest.Subject.Digest.String())
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	c.inner.ServeHTTP(w, request)
}

func (c conformingReferrers) listReferrers(w http.ResponseWriter, request *http.Request) {
	recorded := httptest.NewRecorder()
	c.inner.ServeHTTP(recorded, request)
	var index ocispec.Index
	if recorded.Code != http.StatusOK || json.Unmarshal(recorded.Body.Bytes(), &index) != nil {
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
		return
	}
	repository, _, _ := strings.Cut(request.URL.Path, "/referrers/")
	for i, descriptor := range index.Manifests {
		get := httptest.NewRequest(http.MethodGet, repository+"/manifests/"+descriptor.Digest.String(), nil)
		recorded := httptest.NewRecorder()
		c.inner.ServeHTTP(recorded, get)
		var manifest ocispec.Manifest
		if json.Unmarshal(recorded.Body.Bytes(), &manifest) == nil && manifest.ArtifactType != "" {
			index.Manifests[i].ArtifactType = manifest.ArtifactType
		}
	}
	body, err := json.Marshal(index)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
	_, _ = w.Write(body)
}
