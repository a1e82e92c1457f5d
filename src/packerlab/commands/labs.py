"""`packerlab labs`: what there is to learn."""

from __future__ import annotations

from packerlab.commands.options import CourseOption, JsonOption


def labs(course: CourseOption = None, as_json: JsonOption = False) -> None:
    """List the labs of the course, in order."""
    from packerlab.course import open_course
    from packerlab.learning.readiness import Machine

    whole = open_course(course)
    if as_json:
        import msgspec

        rows = [{"slug": lab.slug, "track": lab.track, **msgspec.structs.asdict(lab.manifest)}
                for lab in whole.labs()]  # fmt: skip
        print(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
        return
    not_ready = Machine().not_ready(whole.labs())
    wanting = {lab.slug: missing for missing, labs in not_ready.items() for lab in labs}
    width = max((len(lab.title) for lab in whole.labs()), default=0)
    for chapter in whole.outline.chapter:
        if chapter.slugs:
            print(f"{chapter.title} ({chapter.level})")
        for lab in map(whole.lab, chapter.slugs):
            missing = wanting.get(lab.slug)
            state = f"needs {missing.what}" if missing else "ready"
            print(f"  {lab.title:{width}} {lab.manifest.minutes:3} min  {state}")
    for missing in not_ready:
        print(f"\nFor the labs that need {missing.what}: {missing.reason}\n  {missing.command}")
    print("\nStart one with: packerlab start LAB")
