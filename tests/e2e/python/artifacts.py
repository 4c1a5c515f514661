"""A flow that shows what it did: artifacts.py."""

from prefect import flow, task
from prefect.artifacts import (Artifact, create_image_artifact, create_link_artifact,
                               create_markdown_artifact, create_progress_artifact,
                               create_table_artifact, update_progress_artifact)


@task
def report(number):
    create_markdown_artifact(f"# Report {number}", key="report", description="*What* happened")


@flow
def shows():
    for number in (1, 2):
        report(number)
    create_table_artifact([{"name": "Zoë", "age": 40}], key="people")
    create_link_artifact("https://example.org", key="link", link_text="There")
    create_image_artifact("https://example.org/x.png", key="picture")
    progress = create_progress_artifact(0.0, key="progress", description="on its way")
    update_progress_artifact(progress, 75.0)
    print("the last report:", Artifact.get("report").data)
    made, is_new = Artifact.get_or_create("people", data=[])
    print("the people:", made.data, is_new)
    print("nobody's:", Artifact.get("nobodys"))


if __name__ == "__main__":
    shows()
