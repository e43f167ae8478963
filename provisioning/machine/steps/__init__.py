"""The steps in their order. A step is a function from a profile to what it wants of the machine: data, no acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provisioning.machine.host import Host
from provisioning.machine.profile import Profile
from provisioning.machine.steps import base, display, hardening, kiosk, network, training, upkeep
from provisioning.machine.wants import Want

Wanting = Callable[[Host, Profile], Sequence[Want]]


@dataclass(frozen=True)
class Step:
    name: str
    words: str
    wanting: Wanting


STEPS = (
    Step("10-packages", "Debian's packages / Debian のパッケージ", base.packages),
    Step("15-users", "one user per process, nobody can log in / 専用ユーザー", base.users),
    Step("20-place", "host name, time zone, language / 名前・時刻帯・言語", base.place),
    Step("25-time", "the clock, by the town's server only / 時刻合わせ", network.time),
    Step("28-training", "nothing of the other kind of machine / 訓練・本番の残りもの", training.clean),
    Step("30-madoguchi", "the kiosk's own program / 窓口ソフト本体", kiosk.program),
    Step("35-config", "configuration of machine and town / 設定ファイル", kiosk.configuration),
    Step("40-devices", "names and permits of devices / 機器の名前と許可", kiosk.devices),
    Step("42-voice", "what it speaks with / 音声", kiosk.voice),
    Step("45-network", "two networks, a firewall by purpose / 通信", network.network),
    Step("50-printer", "a queue where the printer has no IPP / 印刷キュー", kiosk.queue),
    Step("55-hardening", "no swap, no dumps, no keys to the system / 堅牢化", hardening.hardening),
    Step("60-display", "the screen: start, turn, fall back / 画面", display.display),
    Step("70-logs", "the journal, bounded; security events by TLS / 記録", upkeep.logs),
    Step("75-updates", "security updates at night / 夜間更新", upkeep.updates),
    Step("80-ups", "an orderly end when the power goes / 停電", upkeep.ups),
    Step("90-units", "what starts with the machine / 起動", kiosk.units),
    Step("95-fit", "kiosk-check has nothing against it / 最後の確認", training.fit),
)
