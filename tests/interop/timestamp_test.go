package interop

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"countersign.test/interop/certificates"
	"countersign.test/interop/programs"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
)

// shortLife is how long a signing certificate is valid that is to expire
// before it is verified.
const shortLife = 5 * time.Second

// timestampCase is a signature with or without a timestamp.
type timestampCase struct {
	signedImage
	name string
	// stamped says that the timestamp is the signature's own.
	stamped bool
	// outdated says that the signing certificate has expired since.
	outdated bool
}

// fails says whether the signature's time cannot be believed, with the roots
// of this authority in the policy; nobody asks for a timestamp where there
// are none.
func (c timestampCase) fails(roots []*x509.Certificate, trusted *programs.TimeAuthority, option trustpolicy.TimestampOption) bool {
	if len(roots) == 0 {
		return c.outdated
	}
	needed := option == trustpolicy.OptionAlways || c.outdated
	return needed && !(c.stamped && roots[0].Equal(trusted.Root))
}

// TestTimestamps asks both verifiers about signatures that notation-go has
// stamped by sigstore's authority.
func TestTimestamps(t *testing.T) {
	authority := programs.StartTimeAuthority(t, nil)
	server := registries[0]
	hierarchy := certificates.NewHierarchies(t, certificates.Kinds[3:4])[0]

	var cases []timestampCase
	byMediaType := map[string]map[bool]image{}
	for _, mediaType := range []string{mediaTypeJWS, mediaTypeCOSE} {
		byMediaType[mediaType] = map[bool]image{}
		for _, test := range []timestampCase{
			{name: "stamped", stamped: true},
			{name: "not stamped"},
			{name: "stamped, expired since", stamped: true, outdated: true},
			{name: "not stamped, expired since", outdated: true},
		} {
			target := pushImage(t, server, "timestamps")
			signStamped(t, hierarchy, authority, target, mediaType, test)
			test.name += ", " + mediaType
			test.signedImage = withSignature(t, target)
			cases = append(cases, test)
			if !test.outdated {
				byMediaType[mediaType][test.stamped] = target
			}
		}
	}
	signed := byMediaType[mediaTypeJWS]
	moved := pushCopy(t, server, signed[false], "timestamps-moved")
	moved.attach(t, mediaTypeJWS, moveStamp(t, signed[true], signed[false]))
	cases = append(cases, timestampCase{name: "stamp of another signature", signedImage: withSignature(t, moved)})
	time.Sleep(shortLife + time.Second)

	stores := map[string][]*x509.Certificate{
		"right authority": {authority.Root},
		"other authority": {foreignRoot(t)},
		"no authority":    nil,
	}
	for _, option := range []trustpolicy.TimestampOption{trustpolicy.OptionAlways, trustpolicy.OptionAfterCertExpiry} {
		for store, roots := range stores {
			for _, level := range []string{"strict", "permissive"} {
				t.Run(fmt.Sprintf("%s/%s/%s", option, store, level), func(t *testing.T) {
					trusted := trust{
						storeType:       truststore.TypeCA,
						anchorsDER:      [][]byte{hierarchy.Root.Certificate.Raw},
						identities:      []string{"*"},
						registryHost:    server.host,
						level:           level,
						verifyTimestamp: option,
					}
					for _, root := range roots {
						trusted.timeAuthoritiesDER = append(trusted.timeAuthoritiesDER, root.Raw)
					}
					directory := newNotationDir(t, trusted)
					var targets []signedImage
					for _, test := range cases {
						targets = append(targets, test.signedImage)
					}
					byCountersign := directory.countersignJudges(t, targets)
					for _, test := range cases {
						want := judgementIf(level, string(badTimestamp), test.fails(roots, authority, option))
						expectJudgement(t, test.name+": notation-go", directory.notationJudges(t, test.image), want)
						expectJudgement(t, test.name+": countersign", byCountersign[test.reference()], want)
					}
				})
			}
		}
	}
}

// signStamped signs as `notation sign --timestamp-url` does.
func signStamped(t *testing.T, hierarchy certificates.Hierarchy, authority *programs.TimeAuthority, target image, mediaType string, test timestampCase) {
	t.Helper()
	chain := hierarchy.Chain(t, func(leaf *x509.Certificate) {
		if test.outdated {
			leaf.NotAfter = time.Now().Add(shortLife)
		}
	})
	local, err := signer.NewGenericSigner(hierarchy.SigningKey, chain)
	if err != nil {
		t.Fatal(err)
	}
	options := notation.SignerSignOptions{SignatureMediaType: mediaType}
	if test.stamped {
		authority.Stamp(t, &options)
	}
	notationSignWith(t, local, target, options)
}

// moveStamp gives the envelope of one image with the timestamp of another's.
func moveStamp(t *testing.T, from, to image) []byte {
	t.Helper()
	const member = "io.cncf.notary.timestampSignature"
	header := func(encoded json.RawMessage) map[string]json.RawMessage {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(encoded, &members); err != nil {
			t.Fatal(err)
		}
		return members
	}
	var source jws
	if err := json.Unmarshal(from.onlySignature(t).envelope, &source); err != nil {
		t.Fatal(err)
	}
	stamp, isThere := header(source.Header)[member]
	if !isThere {
		t.Fatalf("%s has no timestamp", from.reference())
	}
	return editJWS(t, to.onlySignature(t).envelope, func(parts *jws) {
		members := header(parts.Header)
		members[member] = stamp
		parts.Header = mustMarshal(t, members)
	})
}
