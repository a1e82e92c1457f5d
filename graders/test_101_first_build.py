from packerlab.checks import check, fail


@check(points=1)
def test_one_source(template):
    """The template declares a `file` source."""
    if not any(source.labels[0] == "file" for source in template.sources):
        fail("There is no file source.")


@check(points=2, needs="test_one_source")
def test_message_of_the_day(build):
    """The build writes both lines to out/motd.txt."""
    answer = build()
    answer.expect_success()
    text = answer.files.text("out/motd.txt")
    if text != "Built by Packer.\nDo not edit by hand.\n":
        fail("other text", found=text)
