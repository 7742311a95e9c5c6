"""The sandbox's second version of the notice: in German, too, and with fal.ai where its house can
send there."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.roles import staff_with
from jobs import notices, vendors

FAL = (
    "If Pixazo can't be used. CodeFormer can run at fal.ai, too. Only if you tick it, the same "
    "copy may go to fal.ai instead, over the same kind of address. We ask fal.ai to store nothing. "
    "What it may still hold of a copy that was already sent, we can't erase for you either.\n"
)
GERMAN_TITLE = "Bevor wir dieses Foto restaurieren"
GERMAN = """\
Was geschieht. Sie wählen ein Modell und sehen den genauen Preis. Wir senden eine Kopie des \
Fotos, ohne versteckte Daten wie Ort, Datum oder Kamera, an das Restaurierungs-Gateway Pixazo, \
über eine Adresse, die nach einer Stunde nicht mehr gilt. Das restaurierte Bild kommt zu uns \
zurück, und nur Sie sehen es.

Was ein Modell verändern kann. Restaurieren heißt nicht, sich zu erinnern. Wo das Foto \
beschädigt, unscharf oder klein ist, erfindet das Modell etwas, das passt. Ein Gesicht kann \
danach wie das einer anderen Person aussehen. Wir zeigen Ihnen die Gesichter vorher und nachher, \
und Ihr Original bleibt unberührt.

Die Menschen auf dem Foto. Zeigt es Sie oder niemanden, entscheiden Sie allein. Zeigt es eine \
erwachsene Person, die lebt, fragen Sie sie bitte zuerst. Zeigt es ein Kind, können nur Eltern \
oder andere Sorgeberechtigte einwilligen, und jemand aus unserem Prüfteam sieht es sich an. Zeigt \
es eine verstorbene Person, verlassen wir uns auf Ihr Wort, dass Sie ihr nahestehen und dass sie \
nichts dagegen gehabt hätte. Zeigt es jemand anderen, sieht es sich ebenfalls jemand aus unserem \
Prüfteam an. Was Sie über eine andere Person sagen, bewahren wir als Ihre Angabe auf, nicht als \
deren Angabe.

Was wir aufbewahren. Ihr Original, die Ergebnisse und diese Angabe mit ihrem Datum. Sie können \
jederzeit widerrufen: Was noch nicht gesendet ist, wird angehalten, und das Geld dafür kommt \
zurück; alle Bilder dieses Fotos werden aus unserem Speicher gelöscht. Was Pixazo von einer \
schon gesendeten Kopie vielleicht noch hat, können wir für Sie nicht löschen.
"""
GERMAN_FAL = (
    "Wenn Pixazo nicht zu erreichen ist. CodeFormer läuft auch bei fal.ai. Nur wenn Sie das "
    "ankreuzen, darf dieselbe Kopie stattdessen an fal.ai gehen, über eine Adresse derselben Art. "
    "Wir bitten fal.ai, nichts zu speichern. Was es von einer schon gesendeten Kopie vielleicht "
    "noch hat, können wir für Sie ebenfalls nicht löschen.\n"
)


class Command(BaseCommand):
    help = "Publish a notice in all languages, with every vendor of the sandbox (once)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("In a house with real members, staff publish the notice.")
        now = notices.newest()
        if now is None or now.version > 1:
            return  # of a later version staff are the authors
        with_fal = "fal" in vendors.reachable()
        german = f"{GERMAN}\n{GERMAN_FAL}" if with_fal else GERMAN
        editor = staff_with("jobs.publish_notice").earliest("pk")
        draft = notices.start(by=editor)
        draft = notices.edit(
            draft=draft,
            by=editor,
            title=now.title,
            text=f"{now.text}\n{FAL}" if with_fal else now.text,
            translations={"de": {"title": GERMAN_TITLE, "text": german}},
            seen=draft.edited_at,
        )
        notices.publish(
            draft=draft,
            by=editor,
            seen_sha256=notices.draft_sha256(draft),
            seen_version=now.version,
        )
