"""How things look to a person: a verdict, a long text, a template, what a build made."""
