package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"countersign.test/interop/programs"
)

// functionTimeout is how long AWS's runtime emulator lets a call take.
const functionTimeout = 5 * time.Second

// gateFunction is the gate as a function of Lambda: our program, named
// bootstrap, under AWS's own runtime interface emulator. Its root and its
// package cannot be written, and it has no HOME.
type gateFunction struct {
	url     string
	program string
}

// gateScene is a signed image, and a package of a function that lets only its
// signer's images run.
type gateScene struct {
	scene
	packageDir string
	services   *services
}

// services is Amazon ECS, answered by the emulator unless it is held.
type services struct {
	*httptest.Server
	isHeld atomic.Bool
	// asked has a value for each question that came while it was held.
	asked chan struct{}
}

func newServices(t *testing.T) *services {
	t.Helper()
	target, err := url.Parse(emulator.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	// The host stays, because it is signed.
	proxy := &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.Out.URL.Scheme, request.Out.URL.Host = target.Scheme, target.Host
		request.Out.Host = request.In.Host
	}}
	served := &services{asked: make(chan struct{}, 16)}
	served.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if !served.isHeld.Load() {
			proxy.ServeHTTP(w, request)
			return
		}
		// The end of a connection is seen only once the body was read.
		_, _ = io.Copy(io.Discard, request.Body)
		served.asked <- struct{}{}
		<-request.Context().Done()
	}))
	t.Cleanup(func() {
		served.CloseClientConnections()
		served.Close()
	})
	return served
}

func newGateScene(t *testing.T) gateScene {
	t.Helper()
	server := registries[len(registries)-1]
	signed := newScene(t, server, "gate/signed")
	signed.signByCountersign(t)
	directory := t.TempDir()
	program, err := os.ReadFile(functionProgram(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "bootstrap"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile(emulator.RootPath)
	if err != nil {
		t.Fatal(err)
	}
	programs.WriteFile(t, filepath.Join(directory, "root.crt"), root)
	programs.WriteFile(t, filepath.Join(directory, "countersign-hook.json"),
		mustMarshal(t, map[string]any{"version": "1.0", "trustAnchor": "root.crt"}))
	services := newServices(t)
	programs.WriteFile(t, filepath.Join(directory, "gate-policy.json"), mustMarshal(t, map[string]any{
		"version":      "1.0",
		"awsEndpoints": []any{emulator.Endpoint, services.URL},
		"rules": []any{map[string]any{
			"name":    "signed",
			"scopes":  []any{byName(server.host) + "/gate/*"},
			"require": map[string]any{"all": []any{map[string]any{"name": "release", "signingProfile": signed.profile.arn}}},
		}},
	}))
	return gateScene{signed, directory, services}
}

// functionProgram is the program of the package: a static one, perhaps of
// another processor, where tests/interop/long names it, else the one that signs.
func functionProgram(t *testing.T) string {
	t.Helper()
	if static := os.Getenv("COUNTERSIGN_LAMBDA_BIN"); static != "" {
		return static
	}
	return programs.Require(t, "COUNTERSIGN_BIN")
}

// start starts the function with more variables in its environment.
func (s gateScene) start(t *testing.T, more ...string) gateFunction {
	t.Helper()
	rie := programs.Require(t, "LAMBDA_RIE_BIN")
	invoked, runtime := freePort(t), freePort(t)
	// Everything is for reading only but /tmp, and of that the package is too.
	script := `mount --make-rprivate / && mount --bind /tmp /tmp && mount --bind "$1" "$1" &&
mount -o remount,bind,ro "$1" && mount -o remount,bind,ro / && shift && exec "$@"`
	command := exec.Command("unshare", "-m", "sh", "-c", script, "sh", s.packageDir,
		rie, "--log-level", "error",
		"--runtime-interface-emulator-address", invoked, "--runtime-api-address", runtime,
		filepath.Join(s.packageDir, "bootstrap"), "handler")
	command.Env = append([]string{
		"AWS_LAMBDA_FUNCTION_NAME=gate",
		"AWS_ENDPOINT_URL_ECS=" + s.services.URL,
		"AWS_LAMBDA_FUNCTION_TIMEOUT=" + strconv.Itoa(int(functionTimeout.Seconds())),
	}, append(programs.AWSEnvironment(), more...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stop, err := programs.Start(command, filepath.Join(t.TempDir(), "rie.log"), "")
	if err != nil {
		t.Fatal(err)
	}
	function := gateFunction{
		url:     "http://" + invoked + "/2015-03-31/functions/function/invocations",
		program: filepath.Join(s.packageDir, "bootstrap"),
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		stop()
		// It leaves the function alive, in a process group of its own.
		for _, process := range function.processes(t) {
			_ = syscall.Kill(process, syscall.SIGKILL)
		}
	})
	return function
}

// byName is a reference to the emulator's registry under the name that is asked
// over plain HTTP without being told so: a function has no flag for it.
func byName(reference string) string {
	return strings.Replace(reference, "127.0.0.1:", "localhost:", 1)
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + strconv.Itoa(port)
}

// deployment is the event that Amazon ECS sends before a service that runs an
// image has any new task. The service is made in the emulator.
func (s gateScene) deployment(t *testing.T, name, reference string) []byte {
	t.Helper()
	client := awsClients[0]
	client.call(t, nil, "ecs", "register-task-definition", map[string]any{
		"family":               name,
		"containerDefinitions": []any{map[string]any{"name": "app", "image": reference}},
	})
	made := client.call(t, nil, "ecs", "create-service", map[string]any{"serviceName": name, "taskDefinition": name})
	service := member[map[string]any](t, made, "service")
	revision := member[[]any](t, service, "currentServiceRevisions")[0].(map[string]any)["arn"]
	recorded, err := os.ReadFile(filepath.Join("events", "ecs-lifecycle-hook.PRE_SCALE_UP.json"))
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(recorded, &event); err != nil {
		t.Fatal(err)
	}
	event["resourceArn"] = service["currentServiceDeployment"]
	details := member[map[string]any](t, event, "executionDetails")
	details["serviceArn"] = service["serviceArn"]
	details["targetServiceRevisionArn"] = revision
	return mustMarshal(t, event)
}

// invoke sends an event, and answers what came back as it came.
func (f gateFunction) invoke(t *testing.T, event []byte) string {
	t.Helper()
	answer, err := f.post(event)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func (f gateFunction) post(event []byte) (string, error) {
	client := http.Client{Timeout: 3 * functionTimeout}
	deadline := time.Now().Add(programs.StartTimeout)
	for {
		response, err := client.Post(f.url, "application/json", bytes.NewReader(event))
		// It takes a moment until the emulator listens.
		if errors.Is(err, syscall.ECONNREFUSED) && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return string(answer), err
	}
}

// expectStatus sends an event, and wants an answer with this hookStatus.
func (f gateFunction) expectStatus(t *testing.T, event []byte, wanted string) {
	t.Helper()
	printed := f.invoke(t, event)
	var answer map[string]any
	if err := json.Unmarshal([]byte(printed), &answer); err != nil || answer["hookStatus"] != wanted {
		t.Errorf("expected %s: %s", wanted, printed)
	}
}

// expectNoPass wants that Amazon ECS takes an answer for anything but a pass.
func expectNoPass(t *testing.T, printed string) {
	t.Helper()
	if strings.Contains(printed, "SUCCEEDED") || printed == "" {
		t.Errorf("a pass, or nothing: %q", printed)
	}
}

// processes are those that run the function's program now.
func (f gateFunction) processes(t *testing.T) []int {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var processes []int
	for _, link := range found {
		target, err := os.Readlink(link)
		if err != nil {
			continue
		}
		// A program of another processor is an argument of qemu.
		if strings.HasPrefix(filepath.Base(target), "qemu-") {
			arguments, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
			if slices.Contains(strings.Split(string(arguments), "\x00"), f.program) {
				target = f.program
			}
		}
		if target == f.program {
			process, err := strconv.Atoi(strings.Split(link, "/")[2])
			if err != nil {
				t.Fatal(err)
			}
			processes = append(processes, process)
		}
	}
	return processes
}

// TestLambdaDecidesDeployments is the gate under AWS's own runtime interface
// emulator: a signed image may be deployed, and no other.
func TestLambdaDecidesDeployments(t *testing.T) {
	scene := newGateScene(t)
	unsigned := pushImage(t, scene.server, "gate/unsigned")
	function := scene.start(t)
	signedEvent := scene.deployment(t, "gate-signed", byName(scene.image.reference()))
	function.expectStatus(t, signedEvent, "SUCCEEDED")
	function.expectStatus(t, scene.deployment(t, "gate-unsigned", byName(unsigned.reference())), "FAILED")
	function.expectStatus(t, scene.deployment(t, "gate-tag", byName(scene.image.taggedReference())), "FAILED")
	for _, event := range []string{`{}`, `[]`, `{"lifecycleStage":"PRE_SCALE_UP"}`} {
		expectNoPass(t, function.invoke(t, []byte(event)))
	}
	// A warm one still asks whether the signature was revoked.
	function.expectStatus(t, signedEvent, "SUCCEEDED")
	scene.profile.revoke(t)
	function.expectStatus(t, signedEvent, "FAILED")
}

// TestLambdaRefusesWhereItEnds is what Amazon ECS is told where the function
// is killed, hangs, panics or cannot reach anything: never that it may go on.
func TestLambdaRefusesWhereItEnds(t *testing.T) {
	scene := newGateScene(t)
	event := scene.deployment(t, "gate-ends", byName(scene.image.reference()))

	t.Run("killed in the middle of a call", func(t *testing.T) {
		function := scene.start(t)
		function.expectStatus(t, event, "SUCCEEDED")
		scene.whileItAsks(t, function, event, syscall.SIGKILL)
		function.expectStatus(t, event, "SUCCEEDED")
	})
	t.Run("hung", func(t *testing.T) {
		function := scene.start(t)
		function.expectStatus(t, event, "SUCCEEDED")
		scene.whileItAsks(t, function, event, syscall.SIGSTOP)
	})
	t.Run("slow to get an answer", func(t *testing.T) {
		function := scene.start(t)
		scene.services.isHeld.Store(true)
		defer scene.services.isHeld.Store(false)
		expectNoPass(t, function.invoke(t, event))
	})
	t.Run("panicking", func(t *testing.T) {
		expectNoPass(t, scene.start(t, "COUNTERSIGN_TEST_FAULT=in an invocation").invoke(t, event))
	})
	t.Run("without a network", func(t *testing.T) {
		// Nothing listens there, and the gate policy does not name it.
		expectNoPass(t, scene.start(t, "AWS_ENDPOINT_URL_ECS=http://"+freePort(t)).invoke(t, event))
		// The policy names it, and nothing listens there any more.
		scene := newGateScene(t)
		scene.services.Close()
		expectNoPass(t, scene.start(t).invoke(t, event))
	})
	t.Run("without a policy", func(t *testing.T) {
		bare := gateScene{scene.scene, t.TempDir(), scene.services}
		program, err := os.ReadFile(filepath.Join(scene.packageDir, "bootstrap"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bare.packageDir, "bootstrap"), program, 0o755); err != nil {
			t.Fatal(err)
		}
		bare.start(t).expectStatus(t, event, "FAILED")
	})
}

// whileItAsks sends an event, and this signal to the function while it waits
// for Amazon ECS.
func (s gateScene) whileItAsks(t *testing.T, function gateFunction, event []byte, signal syscall.Signal) {
	t.Helper()
	s.services.isHeld.Store(true)
	defer s.services.isHeld.Store(false)
	type outcome struct {
		answer string
		err    error
	}
	ended := make(chan outcome, 1)
	go func() {
		answer, err := function.post(event)
		ended <- outcome{answer, err}
	}()
	select {
	case <-s.services.asked:
	case came := <-ended:
		t.Fatalf("an answer before Amazon ECS was asked: %v", came)
	}
	processes := function.processes(t)
	if len(processes) != 1 {
		t.Errorf("processes of the function: %v", processes)
	}
	for _, process := range processes {
		if err := syscall.Kill(process, signal); err != nil {
			t.Error(err)
		}
	}
	came := <-ended
	if came.err != nil {
		t.Fatal(came.err)
	}
	expectNoPass(t, came.answer)
}
