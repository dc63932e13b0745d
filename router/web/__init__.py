"""The HTTP faces: translations between clients and jobs, around one submit and one watch."""
