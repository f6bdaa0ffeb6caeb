from django.urls import include, path

urlpatterns = [path("", include("signaling.urls"))]
