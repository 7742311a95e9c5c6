"""'Not them': the one free restoration of a photo, when a result is not the person."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.members import member_of
from jobs import catalog, doorbell, prices
from jobs.forms.not_them import NotThemForm, RerunForm
from jobs.models import RestorationJob
from jobs.steps import not_them as step
from jobs.steps import order
from jobs.views.cards import PhotoCard, job_cards
from jobs.views.comparison import comparison
from jobs.views.photo import or_elsewhere, own_photo


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def not_them(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """What is wrong, seen on the faces, and what to try instead; the price there is nothing."""
    member = member_of(request)
    job = get_object_or_404(RestorationJob.objects.for_member(member).with_story(), pk=job_id)
    own_photo(request, job.photo_id)
    listed = prices.price_list()
    models = [model for key, model in catalog.MODELS.items() if key in listed]
    data = request.POST if request.method == "POST" else None
    offered = [model for model in models if step.has_another_way(job, model)]
    form = NotThemForm(data, models=models, offered=offered, initial={"click_key": uuid.uuid4()})
    chosen = form["model"].value()
    settings = [
        RerunForm(job=job, model=model, data=data if model.key == chosen else None)
        for model in offered
    ]
    asked = next((one for one in settings if one.model.key == chosen), None)
    if data is None:
        if problem := step.obstacle(job):
            messages.info(request, problem)
            return redirect("photo", job.photo_id)
    elif form.is_valid() and asked is not None and asked.is_valid():
        said = form.cleaned_data
        try:
            rerun = step.order_again(
                job=job,
                by=member,
                model=asked.model,
                parameters=asked.cleaned_data,
                price=listed[asked.model.key],
                click_key=said["click_key"],
                reason=said["reason"],
                words=said["words"],
                now=timezone.now(),
            )
        except step.TheSame as same:
            form.add_error("model", str(same))
        except order.CannotOrder as problem_with_it:
            form.add_error(None, str(problem_with_it))
        else:
            doorbell.ring_on_commit("submit")
            messages.success(
                request,
                _("Thank you for telling us. %(model)s tries again, and you pay nothing.")
                % {"model": rerun.model.name},
            )
            return redirect(f"{reverse('photo', args=[job.photo_id])}#job-{rerun.pk}")
    job_card, photo_card = job_cards([job])[0], PhotoCard(job.photo)
    context = {
        "job": job_card,
        "photo": photo_card,
        "comparison": comparison(photo_card, [job_card], right=str(job.pk)),
        "form": form,
        "settings": settings,
        "chosen": chosen,
        "asked": asked,
    }
    return render(request, "jobs/not_them.html", context, status=200 if data is None else 422)
