"""One file per verb. They import what is heavy inside their function, so that help is fast."""
