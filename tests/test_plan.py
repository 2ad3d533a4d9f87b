from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pytest

from ingest.loaders.document import loader_version
from ingest.sync.plan import SyncPlan, limited_version, make_plan, refuse_mass_deletion
from ingest.sync.report import Reading, make_report
from ingest.sync.scan import Found, FoundFile, SkippedFile, UnreadableFolder
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.store.catalog import FailureRow

TEXT = loader_version("text")


def found(folder: Path, **texts: str) -> list[Found]:
    """Write files `<name>.txt` and return them as a scan would."""
    files: list[Found] = []
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
        files.append(FoundFile(f"{name}.txt", folder / f"{name}.txt"))
    return files


def known(**texts: str) -> dict[str, tuple[str, str]]:
    return {f"{name}.txt": (sha256(text.encode()).hexdigest(), TEXT) for name, text in texts.items()}


def plan_of(files: Iterable[Found], catalogued: dict[str, tuple[str, str]], failures: Iterable[FailureRow] = ()) -> SyncPlan:
    return make_plan(files, catalogued, failures, max_bytes=1000)


def test_each_file_is_in_the_state_that_its_bytes_say(tmp_path: Path) -> None:
    plan = plan_of(found(tmp_path, same="one", changed="new", fresh="three"), known(same="one", changed="old", gone="four"))
    assert [f.source for f in plan.added] == ["fresh.txt"]
    assert [f.source for f in plan.updated] == ["changed.txt"]
    assert (plan.unchanged, plan.deleted, plan.changes_nothing) == (["same.txt"], ["gone.txt"], False)


def test_a_touched_file_is_unchanged(tmp_path: Path) -> None:
    files = found(tmp_path, same="one")
    (tmp_path / "same.txt").touch()
    assert plan_of(files, known(same="one")).changes_nothing


def test_a_newer_loader_reads_its_files_again(tmp_path: Path) -> None:
    old = {"same.txt": (sha256(b"one").hexdigest(), "text-0.0")}
    assert [f.source for f in plan_of(found(tmp_path, same="one"), old).updated] == ["same.txt"]


def test_the_same_bytes_under_another_name_are_a_rename(tmp_path: Path) -> None:
    plan = plan_of(found(tmp_path, new="one"), known(old="one"))
    assert [(file.source, previous) for file, previous in plan.renamed] == [("new.txt", "old.txt")]
    assert (plan.added, plan.deleted) == ([], [])


def test_a_copy_is_added_and_no_rename(tmp_path: Path) -> None:
    plan = plan_of(found(tmp_path, old="one", new="one"), known(old="one"))
    assert ([f.source for f in plan.added], plan.renamed, plan.unchanged) == (["new.txt"], [], ["old.txt"])


def test_of_two_copies_that_are_gone_one_was_renamed_and_one_deleted(tmp_path: Path) -> None:
    plan = plan_of(found(tmp_path, new="one"), known(a="one", b="one"))
    assert ([(f.source, p) for f, p in plan.renamed], plan.deleted) == ([("new.txt", "a.txt")], ["b.txt"])


def test_a_file_that_failed_before_is_not_read_again_until_it_changes(tmp_path: Path) -> None:
    failure = FailureRow("bad.txt", sha256(b"one").hexdigest(), TEXT, "broken")
    assert plan_of(found(tmp_path, bad="one"), {}, [failure]).failed == [failure]
    assert [f.source for f in plan_of(found(tmp_path, bad="two"), {}, [failure]).added] == ["bad.txt"]


def test_types_that_are_not_read_are_skipped_unopened(tmp_path: Path) -> None:
    plan = plan_of([FoundFile("a.xlsx", tmp_path / "none.xlsx")], {})
    assert [tuple(reason) for reason in plan.skipped] == [("a.xlsx", "type .xlsx is not read")]


def test_a_file_too_large_fails_and_keeps_its_earlier_version(tmp_path: Path) -> None:
    plan = make_plan(found(tmp_path, big="x" * 1001), known(big="small"), (), max_bytes=1000)
    assert plan.deleted == []
    assert plan.failed[0].reason.startswith("it is larger than 0 MB (PARISCALL_MAX_FILE_MB)")
    assert plan.failed[0].reason.endswith("(its earlier version stays in the index)")


def test_a_file_that_vanished_since_the_scan_fails(tmp_path: Path) -> None:
    plan = plan_of([FoundFile("a.txt", tmp_path / "a.txt")], {})
    assert [(f.source, f.reason) for f in plan.failed] == [("a.txt", "it cannot be read: No such file or directory")]


def test_an_empty_file_fails_with_the_remedy(tmp_path: Path) -> None:
    (failure,) = plan_of(found(tmp_path, empty=""), {}).failed
    assert "is empty (0 bytes). Copy or save the file again." in failure.reason


def test_a_known_file_that_is_now_skipped_leaves_the_index() -> None:
    plan = plan_of([SkippedFile("a.txt", "it is a link out of the folder")], known(a="one"))
    assert plan.deleted == ["a.txt"]


def test_files_in_a_folder_that_cannot_be_read_are_not_taken_for_deleted() -> None:
    catalogued = {"deep/a.txt": ("h", TEXT), "deeper.txt": ("h", TEXT)}
    plan = plan_of([UnreadableFolder("deep", "Permission denied")], catalogued)
    assert plan.deleted == ["deeper.txt"]
    assert [(f.source, f.reason) for f in plan.failed] == [("deep", "Permission denied")]


def test_progress_counts_every_file_that_was_found(tmp_path: Path) -> None:
    seen: list[str] = []
    files = [*found(tmp_path, a="one"), SkippedFile("b.txt", "hidden")]
    make_plan(files, {}, (), 1000, seen.append)
    assert seen == ["a.txt", "b.txt"]


def test_more_than_half_gone_is_refused_with_both_numbers() -> None:
    with pytest.raises(KnowledgeBaseError, match="2 of the 3 documents are gone.*--allow-deletions"):
        refuse_mass_deletion(SyncPlan(deleted=["a", "b"]), ["a", "b", "c"], by_root=False)


def test_half_gone_is_carried_out() -> None:
    refuse_mass_deletion(SyncPlan(deleted=["a", "b"]), ["a", "b", "c", "d"], by_root=False)


def test_one_root_gone_is_refused_though_the_others_are_many() -> None:
    catalogued = ["small/a", *(f"large/{number}" for number in range(50))]
    with pytest.raises(KnowledgeBaseError, match="1 of the 1 documents of the root 'small' are gone"):
        refuse_mass_deletion(SyncPlan(deleted=["small/a"]), catalogued, by_root=True)
    refuse_mass_deletion(SyncPlan(deleted=["small/a"]), catalogued, by_root=False)


def test_a_file_that_failed_is_in_the_report_once(tmp_path: Path) -> None:
    plan = plan_of(found(tmp_path, good="one", bad="two"), {})
    reading = Reading(failed=[FailureRow("bad.txt", "h", TEXT, "broken")])
    report = make_report(plan, reading, "000001", 3, ["a notice"])
    assert (report.added, report.failed) == (["good.txt"], [{"source": "bad.txt", "reason": "broken"}])
    assert (report.generation, report.passages, report.notices) == ("000001", 3, ["a notice"])


def test_a_renamed_file_that_failed_reports_its_old_name_as_deleted(tmp_path: Path) -> None:
    plan = plan_of(found(tmp_path, new="one"), known(old="one"))
    report = make_report(plan, Reading(failed=[FailureRow("new.txt", "h", TEXT, "broken")]), "000001", 0, [])
    assert (report.renamed, report.deleted) == ([], ["old.txt"])
    kept = make_report(plan, Reading(), "000001", 0, [])
    assert kept.renamed == [{"source": "new.txt", "from": "old.txt", "reason": "the same bytes as old.txt had"}]


def test_a_file_that_failed_at_a_limit_is_read_again_when_the_limit_changes(tmp_path: Path) -> None:
    files, text = found(tmp_path, slow="one"), sha256(b"one").hexdigest()
    failed = [FailureRow("slow.txt", text, limited_version(TEXT, "30 s and 1024 MB"), "took longer than 30 s")]
    same = make_plan(files, {}, failed, 1000, limits="30 s and 1024 MB")
    more = make_plan(files, {}, failed, 1000, limits="60 s and 1024 MB")
    assert (same.failed, same.added) == (failed, [])
    assert (more.failed, [f.source for f in more.added]) == ([], ["slow.txt"])
