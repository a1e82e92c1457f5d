"""`packerlab worker ADDRESS`: grade for a batch that runs on another machine."""

from __future__ import annotations

import contextlib
import os
from typing import Annotated

import typer

from packerlab.commands.options import (
    CourseOption,
    JobsOption,
    SandboxOption,
    TlsAuthorityOption,
    TlsCertificateOption,
    TlsKeyOption,
)


def worker(
    scheduler: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="The scheduler's, such as tls://big:8786.")
    ],
    jobs: JobsOption = 0,
    sandbox: SandboxOption = "auto",
    weak_limits: Annotated[
        bool, typer.Option("--weak-limits", help="Accept a sandbox whose bounds are weak.")
    ] = False,
    course: CourseOption = None,
    tls_ca: TlsAuthorityOption = None,
    tls_cert: TlsCertificateOption = None,
    tls_key: TlsKeyOption = None,
) -> None:
    """Grade on this machine what `packerlab grade --scheduler ADDRESS` sends."""
    import asyncio

    from packerlab.course import open_course
    from packerlab.executors.address import Keys, address, need_dask
    from packerlab.executors.local import Local
    from packerlab.executors.parcel import identity_of
    from packerlab.sandbox import choose

    keys = Keys(tls_ca, tls_cert, tls_key)
    where = address(scheduler, keys)
    need_dask()
    from packerlab.executors.serving import Benches, serve

    whole = open_course(course)
    backend = choose(sandbox, {"packer"}, [whole.root], full_limits=not weak_limits)
    identity = identity_of(whole, backend)
    executor = Local(backend, jobs or os.cpu_count() or 1)

    def tell() -> None:
        served = ", ".join(identity.needs)
        jobs = "1 job" if executor.jobs == 1 else f"{executor.jobs} jobs"
        typer.echo(f"{jobs} in {identity.sandbox} ({served}) joined {where}.", err=True)

    with contextlib.closing(Benches(whole, executor)) as benches:
        asyncio.run(serve(identity, benches, where, keys, tell))
