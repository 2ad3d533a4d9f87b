"""The pages that `app` navigates between; each file is run by Streamlit."""
