from django.urls import path

from .call import views as call
from .phone import views as phone
from .pwa import views as pwa
from .selftest import views as selftest
from .stand import views as stand

urlpatterns = [
    path("", call.page, name="call"),
    path("logo", call.logo, name="logo"),
    path("check/", selftest.page, name="check"),
    path("stand/", stand.page, name="stand"),
    path("stand/<str:token>/", stand.page, name="stand"),
    path("s/", stand.scanned, name="scanned"),
    path("s/<str:token>/", stand.scanned, name="scanned"),
    path("phone/", phone.steps, name="phone"),
    path("phone/authority/", phone.authority, name="phone-authority"),
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("offline/", pwa.offline, name="offline"),
    path("worker.js", pwa.worker, name="worker"),
]
