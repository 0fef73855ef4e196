-- Takes guidance away.
DROP TABLE phr.guidance_handover, phr.guidance_event, phr.guidance_course;
