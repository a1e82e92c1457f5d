"""`packerlab labs`: what there is to learn."""

from __future__ import annotations

from packerlab.commands.options import CourseOption, JsonOption


def labs(course: CourseOption = None, as_json: JsonOption = False) -> None:
    """List the labs of the course, in order."""
    from packerlab.course import open_course

    found = open_course(course).labs()
    if as_json:
        import msgspec

        rows = [{"slug": lab.slug, "track": lab.track, **msgspec.structs.asdict(lab.manifest)}
                for lab in found]  # fmt: skip
        print(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
        return
    width = max((len(lab.slug) for lab in found), default=0)
    track = ""
    for lab in found:
        if lab.track != track:
            track = lab.track
            print(f"{track}:")
        print(f"  {lab.slug:{width}}  {lab.manifest.title} ({lab.manifest.minutes} min)")
    print("\nBegin one with: packerlab start LAB")
