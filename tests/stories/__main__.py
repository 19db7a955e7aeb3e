"""Write the texts of all stories anew: ``python -m tests.stories``; then read the difference before it is kept."""

from tests.stories.all_stories import STORIES, TOLD
from tests.stories.text import told


def main() -> None:
    """Write each story's text, and remove those that nobody tells any more."""
    for text in TOLD.glob("*.txt"):
        if text.stem not in STORIES:
            text.unlink()
            print(f"removed {text.name}")
    for name, play in sorted(STORIES.items()):
        (TOLD / f"{name}.txt").write_text(told(play()), encoding="utf-8")
    print(f"{len(STORIES)} stories are told in {TOLD}: read the difference before it is kept")


if __name__ == "__main__":
    main()
