"""What each template receives: frozen dataclasses of codes and values; the words are chosen by the templates."""
