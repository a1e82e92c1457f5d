"""From a request to the service that answers it, and what an account tells afterwards."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from botocore.model import OperationNotFoundError
from moto.core.request import Request
from moto.core.utils import get_service_model
from moto.ec2.exceptions import FilterNotImplementedError
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse
from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.ssm.models import ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.sts.models import sts_backends
from werkzeug.exceptions import HTTPException

from packerlab.inside.aws import ACCOUNT_ID, REGIONS
from packerlab.inside.endpoint import HttpRequest, HttpResponse

from . import account_state, authorization, filters, ids, principals, tags
from .account import Account, AskError
from .ec2 import SimulatedEC2
from .errors import DeniedError, plain, shaped
from .faults import Faults
from .handlers import Handlers
from .hook import HOST, Hook
from .journal import Journal
from .reading import understand
from .seed import seed

if TYPE_CHECKING:
    from .account import Ask
    from .reading import Understood

CHECKIP = "checkip.amazonaws.com"
BOX_ADDRESS = "203.0.113.7"
REGIONAL = ("ec2", "sts", "ssm", "kms", "s3", "secretsmanager")
GLOBAL = ("sts", "iam", "s3")
HANDLERS = {
    "ec2": Handlers,
    "sts": authorization.Tokens,
    "iam": IamResponse,
    "ssm": SimpleSystemManagerResponse,
    "kms": KmsResponse,
    "secretsmanager": SecretsManagerResponse,
}
BACKENDS = (
    ec2_backends,
    iam_backends,
    sts_backends,
    ssm_backends,
    kms_backends,
    s3_backends,
    secretsmanager_backends,
)
HOSTS = {f"{service}.{region}.amazonaws.com": (service, region)
         for region in REGIONS for service in REGIONAL} | {
             f"{service}.amazonaws.com": (service, "us-east-1") for service in GLOBAL}  # fmt: skip
SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request"
)


@dataclass(frozen=True)
class Served:
    """What the endpoint serves: host names, and those of its certificate."""

    hosts: list[str]
    certificate_names: list[str]


class Simulation:
    """One account, as the process that holds it sees it."""

    def __init__(self, state: dict[str, Any], ask: Ask) -> None:
        self.account = Account(state, ask)
        self._faults = Faults(self.account)
        self._hook = Hook(self.account)
        self._began = time.monotonic()
        self._journal = Journal(self._began)
        self._prepared: dict[str, account_state.Entries] = {}
        """The regions where all is prepared, and the parameters that each had then."""
        self._before: dict[SimulatedEC2, dict[str, Any]] = {}
        """What each region held when a call first named it: the evidence is what has changed."""
        filters.teach_moto()
        ec2_backends.backend = self._region  # type: ignore[assignment]
        principals.prepare(self.account)
        self._roles = account_state.roles(iam_backends[ACCOUNT_ID]["aws"])

    def _region(self, region_name: str, account_id: str) -> SimulatedEC2:
        """Make a region, when moto first needs it."""
        backend = SimulatedEC2(self.account, region_name, account_id)
        self._before[backend] = account_state.region(backend)
        return backend

    def answer(self, call: HttpRequest) -> HttpResponse:
        """Answer one request, whatever it holds."""
        if call.host == CHECKIP:
            return HttpResponse(200, f"{BOX_ADDRESS}\n".encode(), {"Content-Type": "text/plain"})
        if call.host == HOST:
            return self._hook.answer(call)
        if call.host not in HOSTS:
            return HttpResponse(404, b"")
        service, region = HOSTS[call.host]
        if service != "s3" and call.path.partition("?")[0] != "/":
            return HttpResponse(404, b"")
        with self.account.one_at_a_time():
            try:
                understood = understand(call, service, region)
            except ValueError:
                return shaped(service, DeniedError("MalformedQueryString", "Not a request.", 400))
            answer = self._answered(call, understood)
            self._journal.note(understood, answer)
        return answer

    def _answered(self, call: HttpRequest, understood: Understood) -> HttpResponse:
        service = understood.service
        try:
            if service != "s3":  # moto would also take `run_instances`
                get_service_model(service).operation_model(understood.action)
            self._authorize(call, understood)
            if service == "ec2":
                for check in (ids.check, tags.check, filters.check):
                    check(understood.action, understood.parameters)
            self._prepare(understood)
            self._faults.meet(service, understood.action, understood.region)
            return _dispatched(understood.request, service)
        except Exception as error:  # noqa: BLE001  moto may fail in any way; an SDK retries a 500
            return shaped(service, _denied(error, understood))

    def _authorize(self, call: HttpRequest, understood: Understood) -> None:
        scope = SCOPE.match(call.headers.get("authorization", ""))
        if not scope:
            raise DeniedError("MissingAuthenticationToken", "The request is not signed.", 403)
        if scope[2] not in REGIONS or scope[3] != understood.service:
            raise DeniedError(
                "SignatureDoesNotMatch", "Credential should be scoped correctly.", 403
            )
        principal = principals.principal(self.account, scope[1], understood.service)
        understood.principal = principal.arn
        if "iam" in self.account.state:  # else everybody may do everything
            _permit(principal, understood)
        if understood.service == "sts" and understood.action.startswith("AssumeRole"):
            principals.assumable(self.account, principal, understood.parameters.get("RoleArn", ""))

    def _prepare(self, understood: Understood) -> None:
        """What the lab prepared is made where it is first looked at."""
        if understood.region not in self._prepared:
            seed(self.account, understood.region)
            self._prepared[understood.region] = _parameters(understood.region)

    def guest_is(self, name: str, state: str) -> None:
        """A guest rebooted or powered itself off."""
        with self.account.one_at_a_time():
            for backend in self._regions():
                instance = backend.get_instance_by_id(name)
                if instance and backend.guest_is(instance, state):
                    # in a thread: our caller is who hears the supervisor's answer
                    threading.Thread(target=self._terminate, args=(backend, name)).start()

    def _regions(self) -> list[SimulatedEC2]:
        """The regions that were looked at, of every account."""
        return [*self._before]

    def _terminate(self, backend: SimulatedEC2, name: str) -> None:
        with self.account.one_at_a_time():
            backend.terminate_instances([name])

    def evidence(self) -> dict[str, Any]:
        """What `account_state` lists, the `calls`, and when it `began`, in seconds of Unix time."""
        with self.account.one_at_a_time():
            evidence: dict[str, Any] = {kind: [] for kind in account_state.KINDS}
            for backend in self._regions():
                before = self._before[backend]
                changes = account_state.changed(before, account_state.region(backend))
                for kind, entries in changes.items():
                    evidence[kind] += entries
            for region, old in self._prepared.items():
                now = {"parameters": _parameters(region)}
                changes = account_state.changed({"parameters": old}, now)
                evidence["parameters"] += changes["parameters"]
            roles = account_state.roles(iam_backends[ACCOUNT_ID]["aws"])
            evidence |= account_state.changed({"roles": self._roles}, {"roles": roles})
            calls = {"calls": self._journal.calls, "calls_left_out": self._journal.left_out}
            calls |= {"posts": self._hook.posts}
            return evidence | calls | {"began": time.time() - time.monotonic() + self._began}


def _permit(principal: principals.Principal, understood: Understood) -> None:
    here: Any = ec2_backends[principal.account][understood.region]
    service, action = understood.service, understood.action
    for wanted in authorization.requests(service, action, understood.parameters, here):
        principals.permit(principal, wanted)


def _parameters(region: str) -> account_state.Entries:
    return account_state.parameters(ssm_backends[ACCOUNT_ID][region])


def _denied(error: Exception, understood: Understood) -> DeniedError:
    """What a failure is to the caller."""
    match error:
        case DeniedError():
            return error
        case FilterNotImplementedError():  # "The filter 'affinity' for DescribeHosts ..."
            return filters.unknown(re.findall("'([^']*)'", str(error))[:1])
        case NotImplementedError() | OperationNotFoundError():
            names = filters.named(understood.parameters) if understood.service == "ec2" else []
            text = f"The action {understood.action} is not valid for this web service."
            return filters.unknown(names) if names else DeniedError("InvalidAction", text, 400)
        case KeyError() if understood.service == "kms":  # moto asks for grants of no key
            return DeniedError("NotFoundException", f"Key {error} does not exist", 400)
        case HTTPException():
            return DeniedError("InvalidRequest", str(error), 400)
        case _:
            return DeniedError("InternalError", f"{type(error).__name__}: {error}", 400)


def _dispatched(call: HttpRequest, service: str) -> HttpResponse:
    """Moto's answer. It sees only the headers that a service has a use for."""
    headers = {
        name: value
        for name, value in call.headers.items()
        if name in {"authorization", "content-type", "host"} or name.startswith("x-amz-")
    }
    url = f"https://{call.host}{call.path}"
    request = Request.from_primitives(call.method, url, headers, call.body)
    if service == "s3":
        status, sent, body = _s3_handler(url)(request, url, request.headers)
    else:
        status, sent, body = HANDLERS[service].dispatch(request, url, request.headers)
    data = plain(body if isinstance(body, bytes) else str(body).encode(), int(status))
    kind = sent.get("Content-Type") or sent.get("content-type") or "text/xml"
    return HttpResponse(int(status), data, {"Content-Type": kind})


def _s3_handler(url: str) -> Any:
    bucket = s3_backends[ACCOUNT_ID]["aws"]
    plain = url.partition("?")[0]
    for pattern, handler in bucket.urls.items():
        if re.match(pattern, plain):
            return handler
    raise NotImplementedError


def warm_up() -> Served:
    """Have everything loaded that an account's first calls need, and forget that it was."""
    for service in HANDLERS:
        get_service_model(service)
    state: dict[str, Any] = {
        "access_key": "AKIA" + "A" * 16,
        "secret_key": "",
        "image": [{"name": "warm-up"}],
    }
    simulation = Simulation(state, _nobody)
    for call in _first_calls(state["access_key"]):
        answer = simulation.answer(call)
        if answer.status != 200:
            raise RuntimeError(f"The account does not work: {answer.body!r}")
    for backends in BACKENDS:
        backends.clear()
    wildcards = [f"*.{region}.amazonaws.com" for region in REGIONS]
    others = [CHECKIP, HOST]
    return Served([*HOSTS, *others], [*wildcards, "*.amazonaws.com", *others])


def _nobody(do: str, *_: Any, **_what: Any) -> dict[str, Any]:
    raise AskError(f"There is nobody to {do} anything.")


def _first_calls(key: str) -> list[HttpRequest]:
    """One call of each kind that a build makes."""
    bodies = {
        "sts": ["Action=GetCallerIdentity&Version=2011-06-15"],
        "ec2": [
            f"Action={action}&Version=2016-11-15"
            for action in (
                "DescribeRegions", "DescribeImages", "DescribeInstances", "DescribeVpcs",
                "DescribeSubnets", "DescribeSecurityGroups", "DescribeKeyPairs", "DescribeVolumes",
                "CreateSecurityGroup&GroupName=w&GroupDescription=w",
            )
        ],
    }  # fmt: skip
    return [
        HttpRequest("POST", f"{service}.us-east-1.amazonaws.com", "/", {
            "host": f"{service}.us-east-1.amazonaws.com",
            "content-type": "application/x-www-form-urlencoded",
            "authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/"
                             "aws4_request, SignedHeaders=host, Signature=0",
        }, body.encode())
        for service, texts in bodies.items() for body in texts
    ]  # fmt: skip
