"""`packerlab labs`: what there is to learn."""

from __future__ import annotations

from packerlab.commands.options import CourseOption, JsonOption


def labs(course: CourseOption = None, as_json: JsonOption = False) -> None:
    """List the labs of the course, in order."""
    from packerlab.course import open_course

    whole = open_course(course)
    if as_json:
        import msgspec

        rows = [{"slug": lab.slug, "track": lab.track, **msgspec.structs.asdict(lab.manifest)}
                for lab in whole.labs()]  # fmt: skip
        print(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
        return
    for chapter in whole.outline.chapter:
        if chapter.slugs:
            print(f"{chapter.title} ({chapter.level})")
        for lab in map(whole.lab, chapter.slugs):
            print(f"  {lab.title:50} {lab.manifest.minutes:3} min")
    print("\nStart one with: packerlab start LAB")
