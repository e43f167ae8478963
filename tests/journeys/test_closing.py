"""The end of a journey: what is counted, and that the demo's files are configuration like any other."""

from pathlib import Path

import pytest

from drivers.cctalk.settings import read_options
from drivers.simpanel import demo_config
from drivers.simpanel.closing import paid_out, pieces_there, read_records, sheets_out
from kiosk.config import load
from kiosk.config_shape import Config


def test_only_what_a_device_proved_counts_as_paid() -> None:
    records = [
        {"type": "DispenseIntended", "op": "a", "denomination": "coin100", "count": 3},
        {"type": "DispenseSettled", "op": "a", "denomination": "coin100", "count": 3, "paid": 1},
        {"type": "DispenseSettled", "op": "b", "denomination": "coin50", "count": 2, "paid": 2},
        {"type": "DispenseResolved", "op": "a", "denomination": "coin100", "paid": 2},
    ]
    assert paid_out(records) == 300, "a resolved operation counts once, as it was resolved"


def test_sheets_are_the_simulated_printers(tmp_path: Path) -> None:
    (tmp_path / "0001.json").write_text('{"pages": 3, "out": 3, "sheets": 2}')
    (tmp_path / "0002.json").write_text('{"pages": 2, "out": 0, "sheets": 0}')
    (tmp_path / "0003.json").write_text('{"pages": 3, "out": 3, "sheets": 3}')
    (tmp_path / "0003.pdf").write_bytes(b"")
    assert sheets_out(tmp_path) == 5


def test_coins_lie_where_they_lie_by_face() -> None:
    truth = {
        "cctalk": {
            "places": {
                "hopper500": {"JP500C": 3},
                "cashbox": {"JP500B": 1, "JP500C": 1},
                "payout-tray": {"JP100A": 2},
            }
        }
    }
    assert pieces_there(truth) == {"hopper500": {"coin500": 3}, "cashbox": {"coin500": 2}}
    truth["id003"] = {
        "places": {"recycler1000": {"N1000F": 2}, "cashbox": {"N5000F": 1}, "taken": {"N1000F": 1}}
    }
    assert pieces_there(truth) == {
        "hopper500": {"coin500": 3},
        "cashbox": {"coin500": 2, "note5000": 1},
        "recycler1000": {"note1000": 2},
    }
    assert pieces_there({"cctalk": {"unplugged": "nobody listens"}}) == {}


def test_no_journal_has_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path / "journal.db") == []


def test_a_change_machine_is_the_demos_only_cash(tmp_path: Path) -> None:
    config = loaded(tmp_path, demo_config.Shape(has_changer=True))
    assert config.equipment.has_changer and config.equipment.acceptor == "changer1"
    assert tuple(config.equipment.hoppers) == demo_config.STACKS
    assert not {each.driver for each in config.devices} & {"cctalk", "id003"}
    assert pieces_there({"changer": {"places": {"stock": {"coin10": 3}, "tray": {"coin10": 1}}}}) == {
        "stack10": {"coin10": 3}
    }


def loaded(folder: Path, shape: demo_config.Shape) -> Config:
    paths = []
    for name, text in demo_config.files(shape).items():
        paths.append(folder / name)
        paths[-1].write_text(text, encoding="utf-8")
    return load(paths)


@pytest.mark.parametrize("flow", ["konbini", "kind_first"])
def test_the_demo_is_configured_like_any_kiosk(tmp_path: Path, flow: str) -> None:
    config = loaded(tmp_path, demo_config.Shape(flow))
    assert config.machine.flow.value == flow
    assert tuple(config.equipment.hoppers) == (*demo_config.HOPPERS, *demo_config.BOXES)
    cash = next(each for each in config.devices if each.driver == "cctalk")
    assert [each.device for each, _ in read_options(cash.id, cash.options).hoppers] == list(
        demo_config.HOPPERS
    )
