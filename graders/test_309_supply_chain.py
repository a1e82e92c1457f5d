"""Prove what you built: signed statements about an archive, and a script that asks for them."""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import io
import json
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from packerlab.grader import check, expect, fail, found_in, json_of

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Files, Hidden, Run

TEMPLATE = "web.pkr.hcl"
ARCHIVE = "out/web.tar.gz"
STATUS = "var/lib/dpkg/status"
DOCUMENTATION = "usr/share/doc/"

IN_TOTO = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
ABOUT_THE_BUILD = "https://slsa.dev/provenance/v1"
ABOUT_PACKAGES = "https://cyclonedx.org/bom"


@check(points=2, docs="#provenance")
def test_signed(build: Build, hidden: Hidden) -> None:
    """A build leaves the archive, and a provenance of this very file that your key has signed.

    - Who else could have made all the files in out, as they are now?
    - The post-processor `provenance` writes an attestation about the artifact that it is given. It
      signs it only if you tell it how.
    - Put `provenance` after `artifice` in the same `post-processors` block, with
      `signing_mode = "key"`, `signer = var.signing_key` and `output_dir = "out"`.
    """
    for night, answer in built(build, hidden):
        packed = answer.files.archive(ARCHIVE)
        if STATUS not in packed or packed[STATUS].data != status(night):
            fail(
                f"{ARCHIVE} is not the root file system that assemble.sh makes.",
                expected=f"{STATUS}, as assemble.sh has written it",
                found="no such file" if STATUS not in packed else "another text",
            )
        strange = [name for name in packed if of_another_build(name, night)]
        if strange:
            fail(
                f"{ARCHIVE} has files of packages that are not in {STATUS}.",
                expected="the root file system that assemble.sh makes in an empty folder",
                found=strange[0],
            )
        signed(answer, "provenance", ABOUT_THE_BUILD, night)


@check(points=2, needs="test_signed", docs="#sbom")
def test_sbom(build: Build, hidden: Hidden) -> None:
    """Its SBOM lists the packages of the root file system, and your key has signed that too.

    - Which packages does the SBOM in out list? What has Packer looked at to find them?
    - `provenance` can make an SBOM too. It looks at the artifact, and into an archive, unless you
      send it elsewhere.
    - Add `sbom = true` to `provenance`, and nothing else that begins with `sbom`.
    """
    for night, answer in built(build, hidden):
        bom = at(signed(answer, "sbom.att", ABOUT_PACKAGES, night), "predicate")
        listed = sorted(packages_in(bom))
        expect(
            listed,
            sorted(night.packages.items()),
            "The SBOM does not list the packages of the root file system.",
            no="no packages",
        )
        if answer.files.json(f"{ARCHIVE}.sbom.cdx.json") != bom:
            fail(f"{ARCHIVE}.sbom.cdx.json is not the SBOM that is signed.", expected="the same")


@check(points=1, needs="test_signed", docs="#parameters")
def test_recorded(build: Build, hidden: Hidden) -> None:
    """The provenance records the template and the release.

    - What does the provenance say was built, and from what? The statement is the `payload`.
    - Packer doesn't record its command line. `provenance` has an argument for the template, and one
      for variables.
    - `template = "web.pkr.hcl"`, and a map with the variable's value:
      `user_variables = { release = var.release }`.
    """
    for night, answer in built(build, hidden):
        statement = signed(answer, "provenance", ABOUT_THE_BUILD, night)
        found = at(statement, "predicate", "buildDefinition", "externalParameters")
        template = at(found, "template")
        if not isinstance(template, str) or PurePosixPath(template).name != TEMPLATE:
            message = "The provenance does not record the template."
            fail(message, expected=TEMPLATE, found=str(template or "no template"))
        release = at(found, "userVariables", "release")
        if release != night.release:
            message = "The provenance does not record the release of this build."
            fail(message, expected="the value of `release`", found=str(release or "no release"))


@check(points=2, needs="test_signed", docs="#secrets")
def test_secret(build: Build, submission: Files, hidden: Hidden) -> None:
    """The private key and the token are in no file that you hand in or build, and never printed.

    - Search everything after a build: `grep -r "$PKR_VAR_repo_token" .`. Which file surprises you?
    - `provenance` records each environment variable that begins with `PKR_VAR_`. Packer replaces
      the values of some variables, there and in what it prints.
    - Add `sensitive = true` to the variable `repo_token`. Leave the key where CI has it, and pass
      on its path.
    """
    where = found_in(submission, rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")
    if where:
        fail("You hand in a private key.", expected="a key that only CI has", where=where)
    for night, answer in built(build, hidden):
        for secret, told in ((night.token, "the token"), (night.canary, "the private key")):
            found = [
                place
                for place in answer.places(secret, "workspace", "output")
                if night.key_file not in place
            ]
            if found:
                fail(
                    f"After a build, {told} can be read.",
                    expected="nowhere",
                    found=", ".join(sorted(set(found))[:4]),
                )


@check(points=3, docs="#verify")
def test_verify(run: Run, hidden: Hidden) -> None:
    """`sh verify.sh` accepts an archive whose provenance and SBOM are signed, and refuses all else.

    - A checksum next to an archive: who could have written it?
    - `packer verify-attestation` has one option for the public key, one for the file that the
      statement has to be about, and one for the kind of statement.
    - Ask twice, for ARCHIVE.provenance.json and ARCHIVE.sbom.att.json, each with `-verifier`,
      `-artifact` and `-predicate-type`. `set -e` makes each refusal count.
    """
    for case in cases(hidden):
        answer = run(["/bin/sh", "verify.sh", case.archive, case.key], files=case.files)
        if (answer.exit == 0) != case.right:
            fail(
                f"verify.sh {'refuses' if case.right else 'accepts'} {case.told}.",
                expected="exit code 0" if case.right else "another exit code than 0",
                found=str(answer.exit),
            )


# --- builds ---------------------------------------------------------------------------------------


class Night(NamedTuple):
    """What CI gives one build."""

    release: str
    token: str
    canary: str
    packages: dict[str, str]
    signing: Ed25519PrivateKey
    key_file: str

    @property
    def variables(self) -> dict[str, str]:
        return {"release": self.release, "signing_key": self.key_file}

    @property
    def env(self) -> dict[str, str]:
        return {"PKR_VAR_repo_token": self.token}

    @property
    def files(self) -> dict[str, bytes]:
        """Packer passes over what stands before a key, so a copy of the file has the canary."""
        listed = "".join(f"{name} {version}\n" for name, version in self.packages.items())
        key = f"{self.canary}\n{private(self.signing)}"
        return {"packages.txt": listed.encode(), self.key_file: key.encode()}


def nights(hidden: Hidden) -> list[Night]:
    """One build, and another one with other packages and another key."""
    return [
        Night(
            hidden.version(f"release {night}"),
            hidden.secret(f"token {night}"),
            hidden.secret(f"canary {night}"),
            {
                f"web{hidden(f'{place} of {night}')}": f"{place}.{hidden.number(night, 0, 9999)}"
                for place in range(1, number)
            },
            key_of(hidden, f"signing {night}"),
            f"ci-{hidden(f'folder {night}')}/signing.pem",
        )
        for night, number in (("first", 4), ("second", 3))
    ]


def built(build: Build, hidden: Hidden) -> list[tuple[Night, Answer]]:
    """Both builds, which must succeed; the second finds what the first has left.

    Of that, a call hands back `out` alone, so the root that the starter makes is laid out here.
    """
    first, second = nights(hidden)
    before = build(first.variables, env=first.env, files=first.files)
    before.expect_success()
    left = {f"root/{DOCUMENTATION}{name}/copyright": b"" for name in first.packages}
    after = build(second.variables, env=second.env, files=second.files | left, after=before)
    after.expect_success()
    return [(first, before), (second, after)]


def status(night: Night) -> bytes:
    """What assemble.sh writes for dpkg."""
    return "".join(
        f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: web\n"
        "Maintainer: Package team <packages@example.com>\nArchitecture: all\n"
        f"Version: {version}\nDescription: a package of the web appliance\n\n"
        for name, version in night.packages.items()
    ).encode()


def of_another_build(name: str, night: Night) -> bool:
    """Whether a file is of a package that assemble.sh has not put there this time."""
    place, _, rest = name.partition(DOCUMENTATION)
    return not place and bool(rest) and rest.partition("/")[0] not in night.packages


def packages_in(bom: Any) -> list[tuple[str, str]]:
    """Name and version of each package of an SBOM; its other components are files and the like."""
    components = at(bom, "components")
    return [
        (str(each.get("name")), str(each.get("version")))
        for each in (components if isinstance(components, list) else [])
        if isinstance(each, dict) and each.get("type") == "library"
    ]


# --- statements -----------------------------------------------------------------------------------


def signed(answer: Answer, kind: str, predicate: str, night: Night) -> Any:
    """The statement in ARCHIVE.KIND.json; fails unless CI signed it, about the archive as it is.

    A build has the key, so what is signed is still the learner's text.
    """
    name = f"{ARCHIVE}.{kind}.json"
    envelope = answer.files.json(name)
    if at(envelope, "payloadType") != IN_TOTO:
        message = f"{name} is not signed."
        fail(message, expected="a signed envelope", found="a statement that anybody can write")
    payload = decoded(at(envelope, "payload"))
    signatures = at(envelope, "signatures")
    if not any(
        verifies(night.signing, decoded(at(each, "sig")), authenticated(payload))
        for each in (signatures if isinstance(signatures, list) else [])
    ):
        message = f"CI's key has not signed {name}."
        fail(message, expected="a signature by the key in `signing_key`", found="another one")
    statement = json_of(f"the payload of {name}", payload)
    if at(statement, "predicateType") != predicate:
        message = f"{name} is a statement about something else."
        fail(message, expected=predicate, found=str(at(statement, "predicateType")))
    digest = {"sha256": answer.files.sha256(ARCHIVE)}
    subject = {"name": PurePosixPath(ARCHIVE).name, "digest": digest}
    if at(statement, "subject") != [subject]:
        message = f"{name} is not about {ARCHIVE} as it is in the end."
        fail(message, expected=shown(subject), found=subjects_of(statement))
    return statement


def subjects_of(statement: Any) -> str:
    subjects = at(statement, "subject")
    listed = subjects if isinstance(subjects, list) else []
    return "; ".join(shown(each) for each in listed if isinstance(each, dict)) or "nothing"


def shown(subject: dict[str, Any]) -> str:
    return f"{subject.get('name')} with the SHA-256 {str(at(subject, 'digest', 'sha256'))[:12]}..."


def authenticated(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding of a payload of in-toto."""
    return f"DSSEv1 {len(IN_TOTO)} {IN_TOTO} {len(payload)} ".encode() + payload


def verifies(signing: Ed25519PrivateKey, signature: bytes, message: bytes) -> bool:
    try:
        signing.public_key().verify(signature, message)
    except InvalidSignature:
        return False
    return True


def decoded(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        return b""


def at(thing: Any, *keys: str) -> Any:
    """What lies at these keys of nested objects; None where there is nothing."""
    for key in keys:
        thing = thing.get(key) if isinstance(thing, dict) else None
    return thing


# --- keys -----------------------------------------------------------------------------------------


def key_of(hidden: Hidden, name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(hidden(name).encode()).digest())


def private(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


# --- what verify.sh is asked ----------------------------------------------------------------------


class Case(NamedTuple):
    """An archive with what lies beside it, the key that is trusted, and whether it may go out."""

    told: str
    folder: str
    data: bytes
    beside: dict[str, bytes]
    trusted: Ed25519PrivateKey
    right: bool = False

    @property
    def archive(self) -> str:
        return f"{self.folder}/web.tar.gz"

    @property
    def key(self) -> str:
        return f"trusted-{self.folder}.pem"

    @property
    def files(self) -> dict[str, bytes]:
        """All of it; the checksum is right in each case, as anybody can write one."""
        checksum = f"{hashlib.sha256(self.data).hexdigest()}  web.tar.gz\n".encode()
        beside = {**self.beside, "sha256": checksum}
        return {
            self.archive: self.data,
            self.key: public(self.trusted),
            **{f"{self.archive}.{end}": data for end, data in beside.items()},
        }


def cases(hidden: Hidden) -> list[Case]:
    """Two archives that may be deployed, and many that may not."""
    ci, other = key_of(hidden, "ci"), key_of(hidden, "other ci")
    one, two = archive_of(hidden, "one"), archive_of(hidden, "two")
    changed = one[:-1] + bytes([one[-1] ^ 1])
    good, foreign, second = attested(one, ci), attested(one, other), attested(two, ci)
    made_up = attested(changed, other)
    edited = {name: with_payload(data, made_up[name]) for name, data in good.items()}
    provenance, sbom = {"provenance.json": good["provenance.json"]}, "sbom.att.json"
    bad = [
        ("an archive in which one byte has changed", changed, good),
        ("an archive that another key has signed", one, foreign),
        ("an archive whose provenance is about another one", one,
         {**good, "provenance.json": second["provenance.json"]}),
        ("an archive whose SBOM is about another one", one, {**good, sbom: second[sbom]}),
        ("an archive whose SBOM another key has signed", one, {**good, sbom: foreign[sbom]}),
        ("an archive whose SBOM is missing", one, provenance),
        ("an archive whose provenance is missing", one, {sbom: good[sbom]}),
        ("an archive with its SBOM in the place of the provenance", one,
         {"provenance.json": good[sbom], sbom: good[sbom]}),
        ("an archive with its provenance in the place of the SBOM", one,
         {**provenance, sbom: good["provenance.json"]}),
        ("an archive whose statements were changed after they were signed", changed, edited),
        ("an archive whose statements nobody has signed", one,
         {name: payload_of(data) for name, data in good.items()}),
    ]  # fmt: skip
    return [
        Case("an archive that CI has signed", f"in-{hidden('a')}", one, good, ci, right=True),
        Case("an archive in a folder with a space, signed by another CI", f"in {hidden('b')}",
             two, attested(two, other), other, right=True),
        *(Case(told, f"in-{hidden(told)}", data, beside, ci) for told, data, beside in bad),
    ]  # fmt: skip


def archive_of(hidden: Hidden, name: str) -> bytes:
    """An archive with one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(STATUS)
        text = hidden(f"archive {name}").encode()
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return gzip.compress(packed.getvalue(), mtime=0)


def attested(archive: bytes, key: Ed25519PrivateKey) -> dict[str, bytes]:
    """Both attestations of an archive, in the form that Packer gives them."""
    build = {"buildType": "https://packer.io/buildtypes/hcl2/v1", "externalParameters": {}}
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}
    predicates: dict[str, tuple[str, dict[str, Any]]] = {
        "provenance.json": (ABOUT_THE_BUILD, {"buildDefinition": build}),
        "sbom.att.json": (ABOUT_PACKAGES, bom),
    }
    return {
        name: envelope(statement(archive, kind, predicate), key)
        for name, (kind, predicate) in predicates.items()
    }


def statement(archive: bytes, kind: str, predicate: dict[str, Any]) -> bytes:
    digest = {"sha256": hashlib.sha256(archive).hexdigest()}
    subject = [{"name": "web.tar.gz", "digest": digest}]
    return json.dumps(
        {"_type": STATEMENT, "subject": subject, "predicateType": kind, "predicate": predicate}
    ).encode()


def envelope(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    signature = base64.b64encode(key.sign(authenticated(payload))).decode()
    text = base64.b64encode(payload).decode()
    signatures = [{"sig": signature}]
    return json.dumps({"payloadType": IN_TOTO, "payload": text, "signatures": signatures}).encode()


def payload_of(data: bytes) -> bytes:
    return base64.b64decode(json.loads(data)["payload"])


def with_payload(data: bytes, other: bytes) -> bytes:
    """An envelope with the payload of another one, and its own signature."""
    return json.dumps({**json.loads(data), "payload": json.loads(other)["payload"]}).encode()
