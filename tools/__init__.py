"""Programs that write the generated files of this repository; not part of the package."""
