"""A learner's templates as data: HCL and its JSON form, read into blocks that know their places."""
